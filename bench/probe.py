#!/usr/bin/env python3
"""What bench/run needs besides load: things to ask for, and how soon a program first answers.

  probe.py prepare REST_URL DIR     makes an instance with a snapshot and writes into DIR: instance
                                    and snapshot (their ids), *.json (their bodies over REST),
                                    call.bin (a framed GetSnapshotRequest)
  probe.py unframe FILE             the one message of a gRPC body, to standard output
  probe.py free-port                a port of 127.0.0.1 that nobody listens on
  probe.py connect HOST:PORT COUNT  that many HTTP/2 connections, each greeted both ways; says "ready",
                                    then keeps them until it is killed
  probe.py log LINES                a server that answers every request with a log of so many lines, as
                                    server-sent events; says its port, then serves until it is killed
  probe.py first-answer REST|GRPC COMMAND...
                                    milliseconds from exec to the first good answer; COMMAND takes
                                    its address from --listen, which is added
"""

import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request

TOKEN = "Bearer My API Key"
RUNNING_LIMIT_S = 10
ANSWER_LIMIT_S = 10


def http(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": TOKEN, "content-type": "application/json"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data, headers, method=method)
    with opener.open(request, timeout=10) as response:
        return response.read()


def frame(message):
    return struct.pack(">BI", 0, len(message)) + message


def unframe(body):
    compressed, length = struct.unpack(">BI", body[:5])
    if compressed or len(body) != 5 + length:
        raise ValueError("not one uncompressed message")
    return body[5:]


def prepare(base, folder):
    folder = pathlib.Path(folder)
    made = http(
        "POST",
        f"{base}/instances",
        {
            "name": "bench",
            "image": "docker.io/library/nginx:alpine",
            "hypervisor": "cloud-hypervisor",
        },
    )
    instance = f"{base}/instances/{json.loads(made)['id']}"
    limit = time.monotonic() + RUNNING_LIMIT_S
    while json.loads(http("GET", instance))["state"] != "Running":
        if time.monotonic() > limit:
            raise TimeoutError("the instance does not become Running")
        time.sleep(0.02)
    snapshot = json.loads(
        http(
            "POST",
            f"{instance}/snapshots",
            {
                "kind": "Standby",
                "name": "baseline-standby",
                "tags": {"team": "backend", "env": "staging"},
            },
        )
    )["id"]
    (folder / "instance").write_text(instance.rsplit("/", 1)[1])
    (folder / "snapshot").write_text(snapshot)
    (folder / "instance.json").write_bytes(http("GET", instance))
    (folder / "snapshot.json").write_bytes(http("GET", f"{base}/snapshots/{snapshot}"))
    # Field 1, a string: snapshot_id.
    (folder / "call.bin").write_bytes(frame(bytes([0x0A, len(snapshot)]) + snapshot.encode()))


def hpack(name, value):
    """A header as a literal without indexing; both parts are shorter than 127 bytes."""
    return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def h2_frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def rest_request(address):
    head = f"GET /snapshots HTTP/1.1\r\nHost: {address}\r\nAuthorization: {TOKEN}\r\n\r\n"
    return head.encode()


def grpc_request(address):
    """ListSnapshots with an empty request, on a new connection."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/hypeman.v1.SnapshotService/ListSnapshots",
        ":authority": address,
        "te": "trailers",
        "content-type": "application/grpc",
        "authorization": TOKEN,
    }
    block = b"".join(hpack(name, value) for name, value in headers.items())
    settings, headers_frame, data = 4, 1, 0
    end_stream, end_headers = 1, 4
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + h2_frame(settings, 0, 0)
        + h2_frame(headers_frame, end_headers, 1, block)
        + h2_frame(data, end_stream, 1, frame(b""))
    )


# What to send, and what a good answer contains. C-core writes its first grpc-status as plain text.
PROTOCOLS = {
    "REST": (rest_request, b"HTTP/1.1 200 OK\r\n"),
    "GRPC": (grpc_request, b"grpc-status\x010"),
}


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def is_answered(port, request, good):
    """False while nobody listens."""
    with socket.socket() as sock:
        sock.settimeout(ANSWER_LIMIT_S)
        try:
            sock.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            return False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(request)
        answer = b""
        while good not in answer:
            more = sock.recv(65536)
            if not more:
                raise ConnectionError(f"closed after {answer!r}")
            answer += more
        return True


def first_answer(protocol, command):
    build, good = PROTOCOLS[protocol]
    port = free_port()
    address = f"127.0.0.1:{port}"
    request = build(address)
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--listen", address])
    try:
        while not is_answered(port, request, good):
            if time.perf_counter() - start > ANSWER_LIMIT_S or process.poll() is not None:
                raise TimeoutError(f"{command[0]} does not serve")
            time.sleep(0.0001)  # leaves it a processor on small machines
        return (time.perf_counter() - start) * 1000
    finally:
        process.terminate()
        process.wait(ANSWER_LIMIT_S)


def receive(sock, size):
    received = b""
    while len(received) < size:
        more = sock.recv(size - len(received))
        if not more:
            raise ConnectionError("closed")
        received += more
    return received


def connect(address, count):
    """Kept open by being returned."""
    settings, ack = 4, 1
    host, port = address.rsplit(":", 1)
    socks = []
    for _ in range(count):
        sock = socket.create_connection((host, int(port)), ANSWER_LIMIT_S)
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(settings, 0, 0))
        head = receive(sock, 9)
        if head[3] != settings:
            raise ValueError(f"the first frame is of type {head[3]}")
        receive(sock, int.from_bytes(head[:3], "big"))
        sock.sendall(h2_frame(settings, ack, 0))
        socks.append(sock)
    return socks


def serve_log(lines):
    at_once = 1000
    events = b"".join(b'data: "%0100d"\n\n' % n for n in range(at_once))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            sock, _ = listener.accept()
            with sock:
                sock.recv(1 << 16)
                sock.sendall(head)
                for _ in range(lines // at_once):
                    sock.sendall(events)


def main(command, *args):
    if command == "prepare":
        prepare(*args)
    elif command == "unframe":
        sys.stdout.buffer.write(unframe(pathlib.Path(args[0]).read_bytes()))
    elif command == "free-port":
        print(free_port())
    elif command == "connect":
        kept = connect(args[0], int(args[1]))
        print("ready", len(kept), flush=True)
        signal.pause()
    elif command == "log":
        serve_log(int(args[0]))
    elif command == "first-answer":
        print(f"{first_answer(args[0], args[1:]):.2f}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
