"""What may stand on the command line."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from vmdesk.cli.output import emit
from vmdesk.core import choice
from vmdesk.model.text import tr


class Usage(Exception):
    """Wrong usage; the message says how it is right."""


@dataclass
class Shared:
    """The options that may stand before or after the verb."""

    connect: list[str] = field(default_factory=list)
    json: bool = False
    settings_dir: Path | None = None
    debug: bool = False


# Options with a value that may stand before a verb; the last two are the window's.
_VALUED = ("--connect", "--settings-dir", "--tour", "--open")


def wanted(argv: Sequence[str]) -> bool:
    """Whether these arguments are for the command line (a verb, or --help) and not for the window."""
    place = 0
    while place < len(argv):
        word = argv[place]
        if word in ("-h", "--help", "--version"):
            return True
        if not word.startswith("-"):
            return True
        place += 2 if word in _VALUED else 1
    return False


def shared_options(argv: Sequence[str]) -> tuple[Shared, list[str]]:
    """The shared options, wherever they stand before a `--`, and the other arguments."""
    shared, rest = Shared(), list[str]()
    given = iter(argv)
    for word in given:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *given]
        elif name in ("--connect", "--settings-dir"):
            found = value if equals else next(given, None)
            if found is None:
                raise Usage(tr("{option} needs a value.", option=name))
            if name == "--connect":
                shared.connect.append(found)
            elif not found:
                raise Usage(tr("{option} needs a value.", option=name))
            else:
                shared.settings_dir = Path(found)
        elif word == "--json":
            shared.json = True
        elif word == "--debug":
            shared.debug = True
        elif word == "--demo":
            shared.connect.append(choice.PRACTICE)
        else:
            rest.append(word)
    _check_text(rest)
    return shared, rest


def _check_text(words: Sequence[str]) -> None:
    """Raises Usage for bytes that are no text, which argv may hold. Paths may hold them, names and tags cannot."""
    for before, word in zip(("", *words), words):
        if before != "--screenshot" and not word.startswith("--screenshot="):
            try:
                word.encode()
            except UnicodeEncodeError:
                raise Usage(tr("{word} is not text in UTF-8.", word=ascii(word))) from None


class Help(argparse.RawDescriptionHelpFormatter):
    """In our language, as far as the module lets one."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, tr("usage: ") if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """Wrong usage is an exception, for `main` to print."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **(options | {"add_help": False}))
        # The groups that argparse makes by itself, in its order.
        for group, title in zip(self._action_groups, (tr("arguments"), tr("options"))):
            group.title = title
        self.add_argument("-h", "--help", action="help", help=tr("show this help and end"))

    def _print_message(self, message: str, file: Any = None) -> None:
        emit(message.removesuffix("\n"))  # --help and --version: no other message is printed from here

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{_mistake(message)}\n{self.format_usage().strip()}")


class VerbParser(Parser):
    """What is left over is wrong here, and not somewhere above: the usage shown is the verb's."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error("unrecognized arguments: " + " ".join(extra))
        return found, extra


def _mistake(message: str) -> str:
    """argparse's words in ours. It has its own way of translating them, which needs files where Python lies."""
    for pattern, ours in (
        (r"the following arguments are required: (.+)", lambda what: tr("Here is missing: {what}", what=what)),
        (r"unrecognized arguments: (.+)", lambda what: tr("This is not known here: {what}", what=what)),
        (r"argument (\S+): expected .*argument.*", lambda option: tr("{option} needs a value.", option=option)),
        (
            r"argument (\S+): ignored explicit argument (.+)",
            lambda option, value: tr("{option} takes no value, and {value} was given.", option=option, value=value),
        ),
        (
            r"argument \S+: invalid choice: (.+) \(choose from (.+)\)",
            lambda value, known: tr(
                "{value} is none of these: {known}", value=value, known=known.replace("'", "").replace('"', "")
            ),
        ),
        (
            r"argument (\S+): not allowed with argument (\S+)",
            lambda option, other: tr("{option} and {other} do not go together.", option=option, other=other),
        ),
        (
            r"argument (\S+): (?:invalid \S+ value: )?(.+)",
            lambda option, value: tr("{option} cannot be {value}.", option=option, value=value),
        ),
    ):
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return ours(*found.groups())
    return message


def names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME")


def start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--paused", action="store_true", help=tr("leave it paused"))
    names(parser)


def shutdown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", type=seconds, metavar="S", help=tr("wait until it is off, S seconds at most"))
    names(parser)


def seconds(word: str) -> float:
    """Seconds of --wait; ValueError if that is no sensible number."""
    found = float(word)
    if not 0 <= found <= 86400:
        raise ValueError(word)
    return found


def autostart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="on|off NAME")


def rename(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("new", metavar="NEW")


def tag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--add", action="append", default=[], metavar="TAG", help=tr("add this tag; repeatable"))
    parser.add_argument(
        "--remove", action="append", default=[], metavar="TAG", help=tr("take this tag away; repeatable")
    )
    names(parser)


def list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--names", action="store_true", help=tr("names only, one a line"))
    parser.add_argument("--trash", action="store_true", help=tr("those in the trash, which are not shown otherwise"))
    parser.add_argument(
        "filter", nargs="*", metavar="FILTER", help=tr("as in the window: web state:running tag:lab cpu>50")
    )


def stats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME")


def slow(parser: argparse.ArgumentParser) -> None:
    help_ = tr("look for S seconds (5)")
    parser.add_argument("--for", dest="seconds", type=seconds, default=5.0, metavar="S", help=help_)
    names(parser)


def one_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")


def nothing(parser: argparse.ArgumentParser) -> None:
    """For a verb without arguments of its own."""


def check_autostart(options: argparse.Namespace) -> None:
    """`on NAME...`, or `NAME... on`."""
    words: list[str] = options.words
    for place in (0, -1):
        if len(words) > 1 and words[place] in ("on", "off"):
            options.on = words.pop(place) == "on"
            options.names = words
            return
    raise Usage(tr("Say on or off, and which machines: vmdesk autostart on NAME"))
