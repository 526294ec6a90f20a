"""A command line tool that knows the API by reflection alone, as a caller of ../walk/walk.py.

caller.py grpcurl|buf
"""

import json
import os
import re
import subprocess
import sys

AUTHORIZATION = "authorization: Bearer My API Key"
CALL_LIMIT_S = 10
CODES = (
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS"
    " PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED"
    " INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
).split()

with open(os.environ["PAIR_READY_FILE"], encoding="utf-8") as file:
    GRPC_URL = json.load(file)["urls"][0]
ADDRESS = GRPC_URL.removeprefix("grpc://")


class Grpcurl:
    _run = ["grpcurl", "-plaintext"]

    def methods(self):
        services = run([*self._run, ADDRESS, "list"]).stdout.split()
        return [
            "/".join(name.rsplit(".", 1))
            for service in services
            for name in run([*self._run, ADDRESS, "list", service]).stdout.split()
        ]

    def call(self, rpc, data):
        options = ["-H", AUTHORIZATION, "-max-time", str(CALL_LIMIT_S), "-d", data]
        return run([*self._run, *options, ADDRESS, rpc])

    @staticmethod
    def code(done):
        return CODES[done.returncode - 64]  # its way of telling


class Buf:
    _run = ["buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge"]
    _url = f"http://{ADDRESS}"

    def methods(self):
        return run([*self._run, "--list-methods", self._url]).stdout.split()

    def call(self, rpc, data):
        return run([*self._run, "-H", AUTHORIZATION, "-d", data, f"{self._url}/{rpc}"])

    @staticmethod
    def code(done):
        return json.loads(done.stderr)["code"].upper()


def run(command):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * CALL_LIMIT_S
    )


def as_in_proto(value):
    """The value with lowerCamelCase names, the only ones these tools write, as in the files."""
    if isinstance(value, list):
        return [as_in_proto(member) for member in value]
    if isinstance(value, dict):
        return {
            re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name): as_in_proto(member)
            for name, member in value.items()
        }
    return value


def documents(text):
    """The JSON texts that stand one after the other."""
    decoder, at, found = json.JSONDecoder(), 0, []
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(as_in_proto(value))
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


def reply(tool, call):
    done = tool.call(call["rpc"], json.dumps(call["request"]))
    if done.returncode != 0:
        return {"code": tool.code(done), "message": done.stderr}
    return {"code": "OK", "answers": documents(done.stdout)}


def main(name):
    tool = {"grpcurl": Grpcurl, "buf": Buf}[name]()
    methods = [method for method in tool.methods() if method.startswith("hypeman.")]
    print(json.dumps({"methods": methods}), flush=True)
    for line in sys.stdin:
        print(json.dumps(reply(tool, json.loads(line))), flush=True)


main(*sys.argv[1:])
