"""The laws of a lossless edit, on every domain definition of libvirt's own test data."""

import collections
import random
from functools import cache

import pytest

from tests.testbed import corpus, scale
from tests.unit.virtxml.editors import EDITORS, canonical, rest
from vmdesk.virtxml import edit, hardware
from vmdesk.virtxml.document import XmlError
from vmdesk.virtxml.edit.tree import Definition


@cache
def definitions() -> dict[str, str]:
    found = corpus.definitions()
    if not found:
        pytest.skip(corpus.MISSING)
    return found


def test_written_back_they_are_the_same_to_the_letter() -> None:
    known = definitions()
    assert len(known) > 2000
    for name, xml in known.items():
        assert Definition(xml).text == xml, name
        # So it is when every line ends as Windows ends it.
        windows = xml.replace("\n", "\r\n")
        assert Definition(windows).text == windows, name


def test_all_of_them_are_read() -> None:
    kinds: collections.Counter[str] = collections.Counter()
    for name, xml in definitions().items():
        found = hardware.parse(xml)
        keys = [one.key for devices in _devices(found) for one in devices]
        assert len(keys) == len(set(keys)), name
        kinds.update(type(one).__name__ for devices in _devices(found) for one in devices)
    for wanted in ("DiskDevice", "Nic", "HostDevice", "Tpm", "Vsock", "SharedFolder", "Panic", "Rng", "MemoryDevice"):
        assert kinds[wanted] > 2, wanted


def _devices(found: "hardware.Hardware") -> list[tuple]:  # type: ignore[type-arg]
    own = [getattr(found, name) for name in found.__dataclass_fields__]
    return [one for one in own if isinstance(one, tuple)] + [found.memory.devices]


@pytest.mark.timeout(round(200 + 3600 * scale.SCALE))
def test_an_editor_changes_its_own_subtree_and_can_be_undone() -> None:
    """At full scale every editor on every definition, else some editors on each."""
    some = max(2, round(len(EDITORS) * scale.SCALE))
    chance = random.Random(scale.SEED)
    done: collections.Counter[str] = collections.Counter()
    for name, xml in definitions().items():
        chosen = EDITORS if scale.SCALE >= 1 else chance.sample(EDITORS, some)
        rare = [editor for editor in EDITORS if not done[editor.name] and editor not in chosen]
        for editor in (*chosen, *rare):
            try:
                new = editor.edit(xml)
            except edit.EditError:
                continue  # it has no such device, or says so
            if new == xml:
                continue
            done[editor.name] += 1
            assert rest(new, editor.scope) == rest(xml, editor.scope), (name, editor.name)
            back = edit.take_over(new, xml, editor.scope)
            assert canonical(back) == canonical(xml), (name, editor.name)
    assert len(done) == len(EDITORS), {one.name for one in EDITORS} - set(done)


@pytest.mark.parametrize("broken", ["", "<domain>", "<domain/><domain/>", "<network/>", "<!DOCTYPE domain><domain/>"])
def test_what_is_no_definition_is_told(broken: str) -> None:
    for editor in EDITORS:
        with pytest.raises(XmlError):
            editor.edit(broken)
