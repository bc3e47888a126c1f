"""Passwords for the command: from a file, from stdin, or typed without being seen."""

import getpass
import sys

from vmdesk.cli.arguments import Usage
from vmdesk.cli.create import LONGEST, STDIN, file
from vmdesk.model.text import tr


def read(path: str | None, question: str, again: str = "") -> str:
    """The first line of the file or of stdin; asked for without one. `again`: the question for typing it twice.

    Raises Usage where nobody can be asked, or it was typed in two ways.
    """
    if path is not None and path != STDIN:
        return file(path).split("\n", 1)[0].rstrip("\r")
    if sys.stdin is None:
        raise Usage(tr("Nobody can be asked for the password: give it in a file."))
    if not sys.stdin.isatty():
        if path is None:
            raise Usage(tr("Nobody can be asked for the password: give it in a file."))
        return sys.stdin.readline(LONGEST + 1).rstrip("\r\n")
    typed = getpass.getpass(question, sys.stderr)
    if again and getpass.getpass(again, sys.stderr) != typed:
        raise Usage(tr("The two passphrases are not the same."))
    return typed
