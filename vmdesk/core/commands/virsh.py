"""The virsh lines that do the same."""

from collections.abc import Sequence
from typing import Any

from vmdesk.core.command import reference
from vmdesk.core.labels import LabelsEdit
from vmdesk.model.domain import Domain, State
from vmdesk.virtxml import metadata


def of(*words: str) -> Any:
    """`virsh WORD MACHINE WORD...`"""

    def lines(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
        return ((words[0], reference(domain), *words[1:]),)

    return lines


def shutdown(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    agent = domain.definition.agent and domain.definition.kind in ("kvm", "qemu")
    return (("shutdown", reference(domain), *(("--mode", "agent,acpi") if agent else ())),)


def resume(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    return (("dompmwakeup" if domain.state is State.PMSUSPENDED else "resume", reference(domain)),)


def rename(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    return (("domrename", reference(domain), str(argument)),) if argument else ()


def undefine(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    flags = ["--managed-save"] if domain.managed_save else []
    flags += ["--snapshots-metadata"]
    # Other drivers refuse the flags of what they do not have.
    flags += (
        ["--checkpoints-metadata", "--keep-nvram", "--keep-tpm"] if domain.definition.kind in ("kvm", "qemu") else []
    )
    return (("undefine", reference(domain), *flags),)


def labels(domain: Domain, argument: Any) -> Sequence[Sequence[str]]:
    if not isinstance(argument, LabelsEdit):
        return ()
    old, new, name = domain.labels, argument.apply(domain.labels), reference(domain)
    where = [*(["--config"] if domain.persistent else []), *(["--live"] if domain.active else [])]
    lines: list[list[str]] = []
    if new.title != old.title:
        lines.append(["desc", name, *where, "--title", "--new-desc", new.title])
    if new.description != old.description:
        lines.append(["desc", name, *where, "--new-desc", new.description])
    if (new.notes, new.group, new.tags) != (old.notes, old.group, old.tags):
        lines.append(["metadata", name, metadata.NAMESPACE, *where, *_metadata_of(new)])
    return lines


def _metadata_of(labels: Any) -> list[str]:
    xml = metadata.build(labels)
    return ["--key", metadata.PREFIX, "--set", xml] if xml else ["--remove"]
