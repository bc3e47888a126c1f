"""A machine's screen and text console without a window: what may stand on the command line."""

import argparse
from pathlib import Path

from vmdesk.cli import later
from vmdesk.cli.arguments import Usage
from vmdesk.cli.session import Session
from vmdesk.console import keys
from vmdesk.model.errors import VirtError
from vmdesk.model.text import tr

PROTOCOLS = ("dbus", "vnc", "spice")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE.png", help=tr("save a picture of the screen; - for stdout")
    )
    parser.add_argument(
        "--protocol", choices=PROTOCOLS, help=tr("how to reach the screen; without it, a way that throws nobody out")
    )
    # Both go to one list: what is typed and what is pressed comes in the order given.
    parser.add_argument(
        "--type", dest="strokes", action="append", default=[], type=_typed, metavar="TEXT", help=tr("type this text")
    )
    parser.add_argument(
        "--keys", dest="strokes", action="append", type=_pressed, metavar="KEYS", help=tr("press keys: ctrl-alt-f2")
    )
    parser.add_argument(
        "--layout", choices=tuple(keys.LAYOUTS), default="us", help=tr("the guest's keyboard layout, for --type")
    )
    parser.add_argument("--text", action="store_true", help=tr("join the text console; Ctrl+] leaves"))
    parser.add_argument(
        "--device", default="", metavar="DEVICE", help=tr("which one: serial0 ...; without it the first")
    )
    parser.add_argument("--force", action="store_true", help=tr("take the text console from whoever has it"))
    parser.add_argument("name", metavar="NAME")


def _typed(words: str) -> tuple[str, str]:
    return "type", words


def _pressed(names: str) -> tuple[str, str]:
    return "keys", names


def check(options: argparse.Namespace) -> None:
    """Wrong keys are told before any host is opened."""
    if options.text and (options.strokes or options.screenshot or options.protocol):
        raise Usage(tr("--text goes with no other options but --device and --force."))
    if not options.text and not options.strokes and options.screenshot is None:
        raise Usage(tr("Say what to do: --screenshot FILE.png, --type TEXT, --keys KEYS or --text."))
    for kind, words in options.strokes:
        try:
            if kind == "keys":
                keys.parse(words)
        except VirtError as error:
            raise Usage(str(error.problem)) from error
        if kind == "type" and (missing := keys.plan(words, options.layout).missing):
            raise Usage(
                tr(
                    "These characters cannot be typed with the layout {layout}: {chars}",
                    layout=options.layout,
                    chars=missing,
                )
            )


async def console(session: Session, options: argparse.Namespace) -> int:
    return await later.run("screen", session, options)
