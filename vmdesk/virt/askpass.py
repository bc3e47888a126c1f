#!/usr/bin/python3 -IS
"""The program that ssh starts when it wants to ask something (SSH_ASKPASS).

It hands the question to the VMDesk that started ssh, over a private unix socket, and prints the answer for ssh to
read. Exit status 1: no answer. Started by ssh alone; imports nothing of ours, so that it is there at once.
"""

import json
import os
import socket
import sys


def main() -> int:
    """Ask and print."""
    question = {"prompt": " ".join(sys.argv[1:]), "hint": os.environ.get("SSH_ASKPASS_PROMPT", "")}
    with socket.socket(socket.AF_UNIX) as window:
        window.connect(os.environ["VMDESK_ASKPASS"])
        window.sendall(json.dumps(question).encode() + b"\n")
        with window.makefile("rb") as answers:
            answer = json.loads(answers.readline() or b"{}").get("answer")
    if answer is None:
        return 1
    sys.stdout.write(answer + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, KeyError, ValueError):
        sys.exit(1)
