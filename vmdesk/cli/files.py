"""Snapshots, clones and deletions without a window: what may stand on the command line."""

import argparse
from typing import Any

from vmdesk.cli import later
from vmdesk.cli.arguments import Usage, VerbParser
from vmdesk.cli.session import Session
from vmdesk.core.snapshots.keeping import is_label
from vmdesk.model.text import tr


def places(parser: argparse.ArgumentParser) -> Any:
    """Where further verbs go, below a verb."""
    return parser.add_subparsers(dest="what", metavar=tr("WHAT"), required=True, parser_class=VerbParser)


def snapshot(parser: argparse.ArgumentParser) -> None:
    below = places(parser)
    create = below.add_parser("create", help=tr("take one"))
    create.add_argument("name", metavar="NAME")
    create.add_argument("snapshot", metavar="SNAP", nargs="?", default="", help=tr("its name; else one of the time"))
    create.add_argument("--note", default="", metavar="TEXT", help=tr("what it is for"))
    _kinds(create)
    create.add_argument(
        "--keep", type=_count, metavar="N", help=tr("as a schedule does: name it by its label, delete its own but N")
    )
    create.add_argument("--label", default="", metavar="WORD", help=tr("with --keep: whose it is; else kept"))
    listed = below.add_parser("list", help=tr("show them"))
    listed.add_argument("name", metavar="NAME")
    revert = below.add_parser("revert", help=tr("go back to one: what is now is lost"))
    revert.add_argument("name", metavar="NAME")
    revert.add_argument("snapshot", metavar="SNAP")
    revert.add_argument("--save", action="store_true", help=tr("take one of now first"))
    delete = below.add_parser("delete", help=tr("delete one; what is now stays"))
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("snapshot", metavar="SNAP")
    delete.add_argument("--children", action="store_true", help=tr("and all that stand on it"))
    delete.add_argument("--dry-run", action="store_true", help=tr("say what would be done, do nothing"))
    schedule = below.add_parser("schedule", help=tr("take one again and again, by a timer of systemd"))
    schedule.add_argument("name", metavar="NAME")
    schedule.add_argument(
        "--every", required=True, metavar="WHEN", help=tr("hourly, daily, weekly, monthly, or systemd's OnCalendar=")
    )
    schedule.add_argument(
        "--keep", type=_count, default=7, metavar="N", help=tr("how many of its own stay; 7 if nothing is said")
    )
    _kinds(schedule)
    schedules = below.add_parser("schedules", help=tr("show what is scheduled"))
    schedules.add_argument("name", metavar="NAME", nargs="?", default="")
    unschedule = below.add_parser("unschedule", help=tr("end a schedule; its snapshots stay"))
    unschedule.add_argument("name", metavar="NAME")
    unschedule.add_argument("--every", default="", metavar="WHEN", help=tr("only this one of several"))
    note = below.add_parser("note", help=tr("write another note"))
    note.add_argument("name", metavar="NAME")
    note.add_argument("snapshot", metavar="SNAP")
    note.add_argument("note", metavar="TEXT")


def _kinds(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--internal", action="store_true", help=tr("inside the disk's own file"))
    kind.add_argument("--external", action="store_true", help=tr("freeze the file, go on with one on top of it"))
    parser.add_argument("--memory", action="store_true", help=tr("external: with the memory of the running machine"))
    parser.add_argument(
        "--quiesce", action="store_true", help=tr("external: let the guest agent put the disks at rest")
    )


def check_snapshot(options: argparse.Namespace) -> None:
    """Wrong usage is told before any host is opened."""
    if options.what in ("create", "schedule") and options.internal and (options.memory or options.quiesce):
        raise Usage(tr("--memory and --quiesce go with --external."))
    if options.what in ("create", "schedule") and options.memory and options.quiesce:
        raise Usage(tr("--memory and --quiesce do not go together."))
    if options.what != "create":
        return
    if options.keep is not None and options.snapshot:
        raise Usage(tr("With --keep it is named by its label: give no name."))
    if options.label and options.keep is None:
        raise Usage(tr("--label goes with --keep."))
    if options.label and not is_label(options.label):
        raise Usage(tr("A label is of small letters, digits and dashes."))


def clone(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "new", metavar="NEW", help=tr("the clone's name; {pattern} makes thirty", pattern="lab-{1..30}")
    )
    parser.add_argument(
        "--linked", action="store_true", help=tr("on top of its disks, in a second; they stay for good")
    )
    parser.add_argument("--count", type=_count, default=1, metavar="N", help=tr("so many: NEW-01, NEW-02 ..."))
    parser.add_argument("--dry-run", action="store_true", help=tr("say what would be done, do nothing"))


def _count(word: str) -> int:
    found = int(word)
    if not 1 <= found <= 999:
        raise ValueError(word)
    return found


def template(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--undo", action="store_true", help=tr("an ordinary machine again"))
    parser.add_argument("name", metavar="NAME")


def delete(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--with-disks", action="store_true", help=tr("and its disks; refused if others need one of them")
    )
    parser.add_argument(
        "--keep-shared", action="store_true", help=tr("with --with-disks: what others need stays, the rest goes")
    )
    parser.add_argument(
        "--with-base",
        action="store_true",
        help=tr("with --with-disks: and the base images below them that nobody else needs"),
    )
    parser.add_argument("--dry-run", action="store_true", help=tr("say what would be done, do nothing"))
    parser.add_argument("--yes", action="store_true", help=tr("do not ask"))


_TRASH = ("put", "list", "restore", "empty")


def trash(parser: argparse.ArgumentParser) -> None:
    parser.usage = "\n       ".join(
        (
            "vmdesk trash [put] NAME...",
            "vmdesk trash list",
            "vmdesk trash restore NAME...",
            "vmdesk trash empty [NAME...] [--dry-run] [--yes]",
        )
    )
    parser.add_argument(
        "words",
        nargs="+",
        metavar="WHAT",
        help=tr("put: the same as nothing; list; restore; empty: delete for good, all or these"),
    )
    parser.add_argument("--undo", action="store_true", help=tr("take it out again"))
    parser.add_argument("--dry-run", action="store_true", help=tr("say what would be done, do nothing"))
    parser.add_argument("--yes", action="store_true", help=tr("do not ask"))


def check_trash(options: argparse.Namespace) -> None:
    """`what` and `names` of the words: a name alone is put there."""
    words: list[str] = options.words
    options.what, options.names = (words[0], words[1:]) if words[0] in _TRASH else ("put", words)
    if options.undo:
        options.what = "restore"
    if options.what == "list" and options.names:
        raise Usage(tr("vmdesk trash list takes no names."))
    if options.what in ("put", "restore") and not options.names:
        raise Usage(tr("Say which machines: vmdesk trash {what} NAME", what=options.what))
    if (options.yes or options.dry_run) and options.what != "empty":
        raise Usage(tr("--yes and --dry-run go with empty."))


async def run_snapshot(session: Session, options: argparse.Namespace) -> int:
    return await later.run("snapshotting", session, options)


async def run_clone(session: Session, options: argparse.Namespace) -> int:
    return await later.run("cloning", session, options)


async def run_template(session: Session, options: argparse.Namespace) -> int:
    return await later.run("cloning", session, options, "template")


async def run_delete(session: Session, options: argparse.Namespace) -> int:
    return await later.run("deleting", session, options)


async def run_trash(session: Session, options: argparse.Namespace) -> int:
    return await later.run("trashing", session, options)


async def run_orphans(session: Session, options: argparse.Namespace) -> int:
    return await later.run("deleting", session, options, "orphans")
