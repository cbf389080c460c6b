// The body of an asynchronous function that runs in the demo's page `/live`: reads what it shows, and types.

const shown = (id) => document.getElementById(id).textContent;
const until = async (what, ask) => {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
        const found = ask();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`this has not happened: ${what}; the page shows ${document.body.innerText}`);
};
const rate = (id) => until(`a rate in ${id}`, () => Number(shown(id)));
const other = (id, last) => until(`another rate in ${id}`, () => shown(id) != last && Number(shown(id)));
await until("a connection", () => shown("state") === "connected");
const rates = { fetched: await rate("fetched"), streamed: await rate("streamed"), told: await rate("told") };
const changed = { streamed: await other("streamed", rates.streamed), told: await other("told", rates.told) };

const second = new WebSocket(`ws://${location.host}/ws`);
const heard = new Promise((resolve) => {
    second.onmessage = ({ data }) => JSON.parse(data).said && resolve(JSON.parse(data).said);
});
await new Promise((resolve, reject) => Object.assign(second, { onopen: resolve, onerror: reject }));
document.getElementById("say").value = "Мяу <b>";
document.getElementById("form").requestSubmit();
const line = await until("a line of the chat", () => document.querySelector("#chat li")?.textContent);
return { rates, changed, line, heard: await heard, compressed: second.extensions };
