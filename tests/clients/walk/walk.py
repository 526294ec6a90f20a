#!/usr/bin/env python3
"""Takes a client through every method of the API, as steps.json says.

walk.py COMMAND...   COMMAND is a caller: a program around one client. Its first line of output is
                     {"methods": ["package.Service/Method", ...]}, what the client itself knows of
                     the API. Then, for each line {"rpc": ..., "request": ...} of its input, it
                     makes the call and answers {"code": "OK", "answers": [...]} or
                     {"code": "NOT_FOUND", ...}. Messages are proto3 JSON with names as in the
                     .proto files; only a stream may have a number of answers other than one.

A step has a request, in which "$vm" stands for what an earlier step kept under "vm", and either the
status `code` it fails with or what it is to `expect`: members that must be in the answer, whose lists
must have that length. For a stream that is the list of its messages. A method without a step is a
failure. Prints TAP.
"""

import json
import pathlib
import subprocess
import sys

STEPS = pathlib.Path(__file__).with_name("steps.json")
LIMIT_S = 10


def filled(value, kept):
    """The value with "$name" replaced by what was kept under that name."""
    if isinstance(value, dict):
        return {name: filled(member, kept) for name, member in value.items()}
    if isinstance(value, list):
        return [filled(member, kept) for member in value]
    if isinstance(value, str) and value.startswith("$"):
        return kept[value[1:]]
    return value


def difference(expected, got, where="answer"):
    """What `got` lacks of `expected`, as a sentence; None when nothing."""
    if isinstance(expected, dict) and isinstance(got, dict):
        pairs = [(f"{where}.{name}", member, got.get(name)) for name, member in expected.items()]
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = [(f"{where}[{i}]", member, got[i]) for i, member in enumerate(expected)]
    else:
        return None if expected == got else f"{where} is {got!r}, not {expected!r}"
    return next(filter(None, (difference(want, have, name) for name, want, have in pairs)), None)


def fault(step, reply, kept):
    """Why the reply is not what the step is to end with; None when it is. Keeps what it says."""
    if reply["code"] != step.get("code", "OK"):
        return f"ended with {json.dumps(reply)}"
    if "code" in step:
        return None
    answers = reply["answers"]
    expected = filled(step["expect"], kept)
    if not isinstance(expected, list):
        expected = [expected]
    wrong = difference(expected, answers, "answers")
    if wrong is None:
        for name, member in step.get("keep", {}).items():
            kept[name] = answers[0][member]
    return wrong


def walk(steps, caller):
    """Yields (what was tried, why it failed or None)."""
    methods = set(json.loads(caller.stdout.readline())["methods"])
    unlike = methods ^ {step["rpc"] for step in steps}
    yield "methods and steps match", f"only one of both: {sorted(unlike)}" if unlike else None
    kept = {}
    for step in steps:
        call = {"rpc": step["rpc"], "request": filled(step["request"], kept)}
        caller.stdin.write(json.dumps(call) + "\n")
        caller.stdin.flush()
        wrong = fault(step, json.loads(caller.stdout.readline()), kept)
        yield f"{step['rpc']} {step.get('code', 'OK')}", wrong
        if wrong is not None:
            return  # later steps build on this one


def main(command):
    steps = json.loads(STEPS.read_text(encoding="utf-8"))
    failed = False
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as caller:
        for number, (name, wrong) in enumerate(walk(steps, caller), 1):
            print(f"{'ok' if wrong is None else 'not ok'} {number} - {name}", flush=True)
            if wrong is not None:
                failed = True
                print(f"# {wrong}", flush=True)
        caller.stdin.close()
        failed |= caller.wait(LIMIT_S) != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
