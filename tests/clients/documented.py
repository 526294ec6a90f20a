#!/usr/bin/env python3
"""Does what docs/clients.md says.

documented.py SECTION               prints the section's first commands, those that install
documented.py SECTION DIR ADDRESS   carries out the rest in DIR, with the gateway at ADDRESS, and
                                    compares what that prints with what the page says it does

A section's blocks are either commands (```sh) or a file (```LANGUAGE NAME). Its commands print what
its own block ```text says, or else that of the head of the page. Prints TAP.
"""

import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/clients.md"
LIMIT_S = 300


def blocks(text):
    """[("sh" or "python snapshot.py", the text)]"""
    return re.findall(r"^```(.+)\n((?s:.*?))^```$", text, re.MULTILINE)


def commands(found):
    return [text for kind, text in found if kind == "sh"]


def carry_out(section, head, folder, address):
    """What its commands print, and what they are to print."""

    def here(text):
        return text.replace("127.0.0.1:50051", address)

    for kind, text in section:
        if " " in kind:
            (folder / kind.split()[1]).write_text(here(text), encoding="utf-8")
    script = here("".join(commands(section)[1:]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S,
    )
    expected = (dict(section).get("text") or dict(head)["text"])
    return f"{done.stdout}(status {done.returncode})", f"{expected}(status 0)"


def main(title, folder=None, address=None):
    head, *sections = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = blocks(dict(zip(sections[::2], sections[1::2]))[title])
    if folder is None:
        print(commands(section)[0], end="")
        return 0
    got, expected = carry_out(section, blocks(head), pathlib.Path(folder), address)
    print(f"{'ok' if got == expected else 'not ok'} 1 - docs/clients.md, {title}")
    if got != expected:
        print(f"# printed:\n{got}\n# not:\n{expected}")
    return 0 if got == expected else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
