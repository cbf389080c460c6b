"""aiohttp's client against the demo, at argv[1]."""

import asyncio
import sys

import aiohttp


async def parts():
    for part in (b"[1", b",2", b"]"):
        yield part


async def main(base):
    bound = aiohttp.ClientTimeout(total=20)
    # One connection, so that every request after the first uses it again.
    async with aiohttp.ClientSession(base, timeout=bound, connector=aiohttp.TCPConnector(limit=1)) as session:
        async with session.get("/") as answer:
            assert (answer.status, await answer.text()) == (200, "Meow."), answer
            assert answer.headers["Content-Type"].startswith("text/plain"), answer.headers
        document = {"tick": [1, 2.5, None, "М"]}
        async with session.post("/echo", json=document) as answer:
            assert await answer.json() == document
        typed = {"Content-Type": "application/json"}
        async with session.post("/echo", data=parts(), headers=typed) as answer:
            assert await answer.json() == [1, 2]
        async with session.post("/echo", json=[1], expect100=True) as answer:
            assert await answer.json() == [1]
        async with session.post("/echo", data=b"{", headers=typed) as answer:
            assert answer.status == 400, answer
        async with session.head("/") as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, "5"), answer
        async with session.get("/nowhere") as answer:
            assert answer.status == 404, answer
        async with session.delete("/") as answer:
            assert answer.status == 405 and "GET" in answer.headers["Allow"], answer
    async with aiohttp.ClientSession(base, timeout=bound) as session:

        async def hello(number):
            async with session.get(f"/hello/{number}") as answer:
                assert await answer.text() == f"Hello, {number}"

        await asyncio.gather(*map(hello, range(500)))
        # A client that gives up does no harm to others.
        for _ in range(20):
            try:
                async with session.get("/sleep/10000", timeout=aiohttp.ClientTimeout(total=0.01)):
                    raise AssertionError("it slept too short")
            except asyncio.TimeoutError:
                pass
        await hello("again")
    print("done")


asyncio.run(main(sys.argv[1]))
