#!/usr/bin/env python3
"""million.py READY_FILE PID: fills a mock and prints what it takes. See bench/million."""

import json
import pathlib
import re
import socket
import sys
import threading
import time

INSTANCES, EACH, IN_FLIGHT = 10_000, 100, 64
HEAD = "Host: mock\r\nAuthorization: Bearer x\r\n"


def memory_mb(pid, field):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+)", status, re.M).group(1)) / 1024


class Connection:
    """Pipelined requests; answers come in order."""

    def __init__(self, address):
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=1 << 16)

    def send(self, method, target, body=None):
        text = f"{method} {target} HTTP/1.1\r\n{HEAD}"
        if body is not None:
            text += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall((text + "\r\n" + (body or "")).encode())

    def read_head(self):
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        return status, headers

    def read(self):
        """The status and the body, or its length when it comes in chunks."""
        status, headers = self.read_head()
        if headers.get("transfer-encoding") != "chunked":
            return status, self.file.read(int(headers.get("content-length", 0)))
        total = 0
        while size := int(self.file.readline(), 16):
            total += len(self.file.read(size))
            self.file.readline()
        self.file.readline()
        return status, total

    def post_all(self, requests):
        """Bodies of the answers, all of which must be 201."""
        waiting = 0
        for target, body in requests:
            self.send("POST", target, body)
            waiting += 1
            if waiting == IN_FLIGHT:
                yield self.created()
                waiting -= 1
        for _ in range(waiting):
            yield self.created()

    def created(self):
        status, body = self.read()
        assert status == 201, (status, body)
        return body


def timed(connection, target):
    start = time.perf_counter()
    connection.send("GET", target)
    status, body = connection.read()
    assert status == 200
    return (time.perf_counter() - start) * 1000, body


class Peak(threading.Thread):
    """The most memory a process has while this runs."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.done = pid, 0, False

    def run(self):
        while not self.done:
            self.peak = max(self.peak, memory_mb(self.pid, "VmRSS"))
            time.sleep(0.005)


def main(ready_file, pid):
    url = json.loads(pathlib.Path(ready_file).read_text())["urls"][0]
    host, port = url.removeprefix("http://").split(":")
    connection = Connection((host, int(port)))
    empty = memory_mb(pid, "VmRSS")

    make = (("/instances", f'{{"name":"vm-{i}","image":"alpine"}}') for i in range(INSTANCES))
    ids = [json.loads(body)["id"] for body in connection.post_all(make)]
    instances = memory_mb(pid, "VmRSS")

    start = time.perf_counter()
    capture = (
        (f"/instances/{instance}/snapshots", f'{{"kind":"Standby","name":"s-{i}"}}')
        for i in range(EACH)
        for instance in ids
    )
    made = sum(1 for _ in connection.post_all(capture))
    seconds = time.perf_counter() - start
    full = memory_mb(pid, "VmRSS")
    print(f"{made} snapshots of {len(ids)} instances, one connection, {IN_FLIGHT} in flight")
    print(f"  created per second               {made / seconds:12.0f}")
    print(f"  RSS empty, instances, all  (MB)  {empty:6.1f} {instances:6.1f} {full:6.1f}")
    print(f"  bytes per snapshot               {(full - instances) * 1024 * 1024 / made:12.0f}")

    filtered = sorted(timed(connection, f"/snapshots?source_instance_id={i}")[0] for i in ids[:999])
    by_id = sorted(timed(connection, f"/instances/{i}")[0] for i in ids[:999])
    print(f"  list of one source's {EACH} (ms)    {filtered[499]:12.3f}")
    print(f"  one instance (ms)                {by_id[499]:12.3f}")

    watch = Peak(pid)
    watch.start()
    before = memory_mb(pid, "VmRSS")
    elapsed, size = timed(connection, "/snapshots")
    watch.done = True
    watch.join()
    print(f"  list of all (s), its MB          {elapsed / 1000:12.2f} {size / 1e6:8.1f}")
    print(f"  memory grew while listing (MB)   {watch.peak - before:12.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
