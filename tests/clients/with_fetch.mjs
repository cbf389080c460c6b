// Node's fetch against the demo, at argv[2].

import assert from "node:assert/strict";

const base = process.argv[2];
const ask = (path, options) => fetch(base + path, { signal: AbortSignal.timeout(20_000), ...options });

let answer = await ask("/");
assert.equal(answer.status, 200);
assert.equal(await answer.text(), "Meow.");

const typed = { "Content-Type": "application/json" };
const text = JSON.stringify({ tick: [1, 2.5, null, "М"] });
answer = await ask("/echo", { method: "POST", headers: typed, body: text });
assert.deepEqual(await answer.json(), JSON.parse(text));

const parts = new ReadableStream({
  start(controller) {
    for (const part of ["[1", ",2]"]) controller.enqueue(new TextEncoder().encode(part));
    controller.close();
  },
});
answer = await ask("/echo", { method: "POST", headers: typed, body: parts, duplex: "half" });
assert.deepEqual(await answer.json(), [1, 2]);

assert.equal((await ask("/echo", { method: "POST", headers: typed, body: "{" })).status, 400);
answer = await ask("/", { method: "HEAD" });
assert.equal(answer.headers.get("content-length"), "5");
assert.equal((await ask("/nowhere")).status, 404);
assert.equal((await ask("/", { method: "DELETE" })).status, 405);

const numbers = Array.from({ length: 300 }, (_, number) => number);
const texts = await Promise.all(numbers.map(async (number) => (await ask(`/hello/${number}`)).text()));
assert.deepEqual(texts, numbers.map((number) => `Hello, ${number}`));

await assert.rejects(ask("/sleep/10000", { signal: AbortSignal.timeout(20) }));
assert.equal(await (await ask("/hello/again")).text(), "Hello, again");
console.log("done");
