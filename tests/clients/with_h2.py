"""A client of h2, which checks each frame it gets against the RFC, against the demo at argv[1]."""

import json
import socket
import sys

import h2.config
import h2.connection
import h2.events


class Client:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.answers = {}
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def begin(self, method, path, *headers, end=True):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path), *headers]
        self.h2.send_headers(stream, head, end_stream=end)
        self.answers[stream] = {"head": None, "body": b"", "ended": False}
        self.flush()
        return stream

    def send(self, stream, body):
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                self.hear()
                continue
            self.h2.send_data(stream, body[:room])
            body = body[room:]
            self.flush()
        self.h2.end_stream(stream)
        self.flush()

    def hear(self):
        came = self.socket.recv(65_536)
        assert came, "the server hung up"
        for event in self.h2.receive_data(came):
            answer = self.answers.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ResponseReceived):
                answer["head"] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                answer["body"] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                answer["ended"] = True
            assert not isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)), event
        self.flush()

    def answer(self, stream):
        while not self.answers[stream]["ended"]:
            self.hear()
        return self.answers.pop(stream)

    def get(self, path, method="GET"):
        return self.answer(self.begin(method, path))


def main(address):
    client = Client(address)
    answer = client.get("/")
    assert (answer["head"][":status"], answer["body"]) == ("200", b"Meow."), answer
    assert answer["head"]["content-length"] == "5" and "date" in answer["head"], answer
    assert not {"connection", "keep-alive", "transfer-encoding"} & answer["head"].keys(), answer
    head = client.get("/", "HEAD")
    assert (head["head"][":status"], head["head"]["content-length"], head["body"]) == ("200", "5", b""), head
    assert client.get("/nowhere")["head"][":status"] == "404"
    assert client.get("/", "DELETE")["head"][":status"] == "405"
    # All at once, the slow one first: nobody waits for another.
    slow = client.begin("GET", "/sleep/1000")
    streams = [client.begin("GET", f"/hello/{number}") for number in range(90)]
    for number, stream in enumerate(streams):
        assert client.answer(stream)["body"] == f"Hello, {number}".encode()
    assert not client.answers[slow]["ended"]
    assert client.answer(slow)["body"] == b"slept 1000 ms"
    # More than a window each way.
    typed = ("content-type", "application/json")
    document = json.dumps(["tick" * 450_000]).encode()
    stream = client.begin("POST", "/echo", typed, end=False)
    client.send(stream, document)
    assert json.loads(client.answer(stream)["body"]) == json.loads(document)
    # One that is given up does no harm to the others.
    gone = client.begin("GET", "/sleep/60000")
    client.h2.reset_stream(gone)
    client.flush()
    assert client.get("/hello/again")["body"] == b"Hello, again"
    print("done")


main(sys.argv[1])
