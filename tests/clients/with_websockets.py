"""websockets' client against the demo's chat, at argv[1]."""

import asyncio
import json
import os
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

MEGABYTE = 1024 * 1024
SIZES = [0, 1, 2, 125, 126, 127, 1000, 4095, 4096, 65_535, 65_536, 65_537, 300_000, MEGABYTE - 1, MEGABYTE]

# What a client may offer (RFC 7692, section 7.1), and none.
OFFERS = [
    None,
    {},
    {"server_no_context_takeover": True, "client_no_context_takeover": True},
    {"server_max_window_bits": 9, "client_max_window_bits": 9},
    {"server_max_window_bits": 15, "client_max_window_bits": True},
]


def connect(url, offer):
    extensions = None if offer is None else [ClientPerMessageDeflateFactory(**offer)]
    # The library's own offer is of no use: each is made here.
    return websockets.connect(url, extensions=extensions, compression=None, proxy=None, max_size=8 * MEGABYTE)


async def echoes(url, offer):
    async with connect(url, offer) as socket:
        assert ("Sec-WebSocket-Extensions" in socket.response.headers) == (offer is not None), socket.response
        assert 40 <= json.loads(await socket.recv())["rate"] < 80
        for size in SIZES:
            even = bytes(i % 7 for i in range(size))
            for message in (os.urandom(size), even, "М" * (size // 2), "tick" * (size // 4)):
                await socket.send(message)
                answer = await socket.recv()
                if isinstance(message, str):
                    answer = json.loads(answer)["said"]
                assert answer == message, (offer, size, type(message))
        # A message in parts is one message.
        await socket.send(["ti", "ck ", "М" * 1000, ""])
        assert json.loads(await socket.recv()) == {"said": "tick " + "М" * 1000}
        await (await socket.ping())
    assert socket.close_code == 1000, socket.close_code


async def closed_with(code, url, offer, message):
    async with connect(url, offer) as socket:
        try:
            await socket.send(message)
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd and closed.rcvd.code == code, closed


async def all_hear(url, count):
    sockets = await asyncio.gather(*(connect(url, {}) for _ in range(count)))
    for socket in sockets:
        assert "rate" in json.loads(await socket.recv())
    for number, socket in enumerate(sockets):
        await socket.send(str(number))
        for other in sockets:
            assert json.loads(await other.recv()) == {"said": str(number)}
    await asyncio.gather(*(socket.close() for socket in sockets))


async def main(url):
    for offer in OFFERS:
        await echoes(url, offer)
    await closed_with(1009, url, None, b"x" * (MEGABYTE + 1))
    # A few bytes on the wire.
    await closed_with(1009, url, {}, b"x" * (8 * MEGABYTE))
    await all_hear(url, 50)
    try:
        async with websockets.connect(url, proxy=None, origin="http://elsewhere.example"):
            raise AssertionError("a page of another origin got in")
    except websockets.InvalidStatus as refused:
        assert refused.response.status_code == 403, refused.response
    print("done")


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
