"""Opens the page argv[3] in the Chromium argv[1] with its files in argv[2], and runs the script on standard input in it.

Prints what the script's promise comes to, as JSON; its exceptions go to standard error.
"""

import asyncio
import itertools
import json
import subprocess
import sys

import websockets

FLAGS = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --no-proxy-server --remote-debugging-port=0
""".split()


class Page:
    """A tab that is spoken to over the DevTools protocol."""

    def __init__(self, socket):
        self.socket = socket
        self.numbers = itertools.count(1)
        self.session = None

    async def call(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        await self.socket.send(json.dumps(message))
        answer = await self.hear(lambda said: said.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def hear(self, wanted):
        while True:
            said = json.loads(await self.socket.recv())
            if wanted(said):
                return said


async def browse(endpoint, url, script):
    async with websockets.connect(endpoint, proxy=None, max_size=None) as socket:
        page = Page(socket)
        target = await page.call("Target.createTarget", url="about:blank")
        page.session = (await page.call("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        await page.call("Page.enable")
        opened = await page.call("Page.navigate", url=url)
        if "errorText" in opened:
            raise RuntimeError(f"{url}: {opened['errorText']}")
        await page.hear(lambda said: said.get("method") == "Page.loadEventFired")
        function = f"(async () => {{ {script} }})()"
        came = await page.call("Runtime.evaluate", expression=function, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in came:
            raise RuntimeError(json.dumps(came["exceptionDetails"]))
        return came["result"].get("value")


def main(chromium, files, url, script):
    command = [chromium, *FLAGS, f"--user-data-dir={files}", "about:blank"]
    browser = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        for line in browser.stderr:
            if line.startswith("DevTools listening on "):
                endpoint = line.split()[-1]
                break
        else:
            raise RuntimeError("the browser did not start")
        print(json.dumps(asyncio.run(asyncio.wait_for(browse(endpoint, url, script), 60))))
    finally:
        browser.kill()
        browser.wait()


main(*sys.argv[1:4], sys.stdin.read())
