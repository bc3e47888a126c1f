"""`vmdesk pool`: what may stand on the command line. The kinds and what each asks for come from the table."""

import argparse

from vmdesk.cli.arguments import Usage
from vmdesk.cli.files import places
from vmdesk.model.pool_kinds import BY_ID, KINDS, Field, Kind, Make
from vmdesk.model.text import tr

STDIN = "-"


def pool(parser: argparse.ArgumentParser) -> None:
    below = places(parser)
    below.add_parser("list", help=tr("show them"))
    below.add_parser("kinds", help=tr("show which kinds the host can have, and which options each takes"))
    find = below.add_parser("sources", help=tr("show what the host finds to make one of"))
    _kind(find)
    _sources(find, (Field.HOST, Field.INITIATOR, Field.FORMAT))
    _create(below.add_parser("create", help=tr("make one, start it, and let it start with the host")))
    for verb, words in (
        ("start", tr("switch it on")),
        ("stop", tr("switch it off; its volumes stay where they are")),
        ("refresh", tr("look again what is in it")),
        ("delete", tr("forget it; its volumes stay where they are")),
    ):
        below.add_parser(verb, help=words).add_argument("name", metavar="POOL")
    auto = below.add_parser("autostart", help=tr("start it with the host, or not"))
    auto.add_argument("on", choices=("on", "off"))
    auto.add_argument("name", metavar="POOL")


def _create(create: argparse.ArgumentParser) -> None:
    create.formatter_class = argparse.RawDescriptionHelpFormatter
    create.epilog = "\n".join((tr("What each kind takes ([]: may be left out):"), *map(_line, KINDS)))
    create.add_argument("name", metavar="POOL")
    _kind(create)
    _sources(create, tuple(Field))
    secret = tr("the password (of Ceph: the key) of --user; - for stdin; asked for without it")
    create.add_argument("--password-file", metavar="FILE", help=secret)
    words = tr("what becomes of what is on the source: keep it; new: prepare an empty one; overwrite: destroy it")
    create.add_argument("--make", choices=[one.value for one in Make], default=Make.KEEP.value, help=words)
    create.add_argument("--yes", action="store_true", help=tr("with --make overwrite: do not ask"))
    create.add_argument("--no-start", action="store_true", help=tr("do not start it now"))
    create.add_argument("--no-autostart", action="store_true", help=tr("do not start it with the host"))


def _kind(parser: argparse.ArgumentParser) -> None:
    ids = [kind.id for kind in KINDS]
    parser.add_argument("--kind", "--type", choices=ids, default="dir", help=tr("its kind; dir without it"))


def _sources(parser: argparse.ArgumentParser, fields: tuple[Field, ...]) -> None:
    about = {
        Field.HOST: ("HOST", tr("the server it comes from; several with commas between")),
        Field.FOLDER: ("PATH", tr("the folder there")),
        Field.DEVICE: ("DEVICE", tr("the block device, or the target's name (IQN); several with commas between")),
        Field.SOURCE: ("NAME", tr("the volume group, the RBD pool ...")),
        Field.ADAPTER: ("NAME", tr("the adapter: scsi_host2 ...")),
        Field.WWNN: ("WWNN", tr("of a Fibre Channel port")),
        Field.WWPN: ("WWPN", tr("of a Fibre Channel port")),
        Field.INITIATOR: ("IQN", tr("the host's own name for iSCSI")),
        Field.FORMAT: ("FORMAT", tr("nfs, ext4, gpt ...")),
        Field.VERSION: ("VERSION", tr("of NFS: 4.2 ...")),
        Field.TARGET: ("PATH", tr("where its volumes are on the host")),
        Field.USER: ("USER", tr("as whom to log in to the server")),
    }
    for field in fields:
        metavar, words = about[field]
        parser.add_argument(field.option, dest=field.value, default="", metavar=metavar, help=words)


def _line(kind: Kind) -> str:
    options = [f"[{ask.field.option}]" if ask.optional or ask.choices else ask.field.option for ask in kind.asks]
    if kind.makes:
        options.append(f"[--make {'|'.join(make.value for make, _words in kind.makes)}]")
    return f"  {kind.id}: {' '.join(options)}".rstrip(": ")


def said(options: argparse.Namespace) -> dict[Field, str]:
    """What was said of the source; the first choice where nothing was."""
    found = {field: getattr(options, field.value, "") for field in Field}
    for ask in BY_ID[options.kind].asks:
        found[ask.field] = found[ask.field] or (ask.choices[0] if ask.choices else "")
    return {field: words for field, words in found.items() if words}


def check(options: argparse.Namespace) -> None:
    """What a kind lacks, or does not take, is told before any host is opened."""
    kind = BY_ID.get(getattr(options, "kind", ""))
    if kind is None:
        return
    found = said(options)
    if options.what == "sources":
        if kind.finds == "host" and Field.HOST not in found:
            raise Usage(tr("Say this, too: {field}.", field=Field.HOST.option))
        return
    for ask in kind.asks:
        if not ask.optional and ask.field not in found:
            raise Usage(tr("Say this, too: {field}.", field=ask.field.option))
    fixed = {Field.TARGET} if kind.target else set()  # may be said where it is always the same
    for field in found:
        if field not in kind.fields and field not in fixed:
            raise Usage(tr("{option} is not for the kind {kind}.", option=field.option, kind=kind.id))
    make = Make(options.make)
    if make is not Make.KEEP and make not in dict(kind.makes):
        raise Usage(tr("{option} is not for the kind {kind}.", option=f"--make {make.value}", kind=kind.id))
    if make is not Make.KEEP and Field.DEVICE not in found:
        raise Usage(tr("Say this, too: {field}.", field=Field.DEVICE.option))
    if options.password_file and Field.USER not in found:
        raise Usage(tr("Say this, too: {field}.", field=Field.USER.option))
