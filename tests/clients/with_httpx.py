"""httpx's clients against the demo, at argv[1]."""

import asyncio
import sys

import httpx


def parts():
    yield b"[1"
    yield b",2]"


def one_by_one(base):
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(base_url=base, timeout=20, limits=limits, trust_env=False) as client:
        answer = client.get("/")
        assert (answer.status_code, answer.text, answer.http_version) == (200, "Meow.", "HTTP/1.1"), answer
        assert client.get("/hello/М и").text == "Hello, М и"
        document = {"tick": [1, 2.5, None, "М"]}
        assert client.post("/echo", json=document).json() == document
        typed = {"Content-Type": "application/json"}
        assert client.post("/echo", content=parts(), headers=typed).json() == [1, 2]
        assert client.post("/echo", content=b"{", headers=typed).status_code == 400
        assert client.head("/").headers["content-length"] == "5"
        assert client.get("/nowhere").status_code == 404
        assert client.request("OPTIONS", "/").status_code == 204
        with client.stream("GET", "/") as answer:
            assert b"".join(answer.iter_raw()) == b"Meow."


async def at_once(base):
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        answers = await asyncio.gather(*(client.get(f"/hello/{number}") for number in range(300)))
        assert [answer.text for answer in answers] == [f"Hello, {number}" for number in range(300)]


one_by_one(sys.argv[1])
asyncio.run(at_once(sys.argv[1]))
print("done")
