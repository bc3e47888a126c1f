"""The lists of what happened and of what was done."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QAbstractItemModelTester

from tests.ui.desk import entries, parts_of
from vmdesk.core.activity import EntryKind
from vmdesk.model.text import text
from vmdesk.ui.models.activity import ActivityModel, Column
from vmdesk.ui.models.trace import TraceModel
from vmdesk.ui.parts import Parts

Run = Callable[[Any], Any]


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return parts_of(tmp_path)


async def settled(model: ActivityModel) -> None:
    while model.reading:
        await asyncio.sleep(0.005)


def told(model: ActivityModel, column: Column) -> list[str]:
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def with_model(
    run_async: Run, parts: Parts, count: int, talk: Callable[[ActivityModel], Any], tested: bool = True
) -> None:
    async def main() -> None:
        for entry in entries(count):
            parts.activity.add(entry)
        model = ActivityModel(parts.activity, parts.jobs)
        if tested:  # the tester itself asks for more
            QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
        model.start()
        await settled(model)
        await talk(model)
        model.stop()
        await parts.jobs.close()
        await parts.activity.close()

    run_async(main())


def test_newest_first_and_read_on_while_scrolling(run_async: Run, parts: Parts) -> None:
    async def talk(model: ActivityModel) -> None:
        assert model.rowCount() == 500
        times = told(model, Column.TIME)
        assert times == sorted(times, reverse=True)
        root = model.index(-1, -1)
        while model.canFetchMore(root):
            model.fetchMore(root)
            await settled(model)
        assert model.rowCount() == 1_300

    with_model(run_async, parts, 1_300, talk, tested=False)


def test_filtered_by_words_as_they_are_shown(run_async: Run, parts: Parts) -> None:
    async def talk(model: ActivityModel) -> None:
        model.set_filter("disk error space")
        await settled(model)
        assert model.rowCount() == 20
        assert set(told(model, Column.WHAT)) == {"Disk error: paused"}
        model.set_filter("no such thing")
        await settled(model)
        assert model.rowCount() == 0

    with_model(run_async, parts, 120, talk)


def test_filtered_by_kind_and_by_trouble(run_async: Run, parts: Parts) -> None:
    async def talk(model: ActivityModel) -> None:
        model.set_filter("", (EntryKind.HEALTH,))
        await settled(model)
        assert model.rowCount() == 20
        model.set_filter("", (), only_bad=True)
        await settled(model)
        assert model.rowCount() == 60

    with_model(run_async, parts, 120, talk)


def test_what_happens_now_comes_on_top_once(run_async: Run, parts: Parts) -> None:
    async def talk(model: ActivityModel) -> None:
        (fresh,) = entries(1)
        parts.activity.add(replace(fresh, name="fresh"))
        await parts.activity.flush()
        assert model.rowCount() == 13
        assert told(model, Column.MACHINE)[0] == "fresh"
        model.reload()
        await settled(model)
        assert told(model, Column.MACHINE).count("fresh") == 1

    with_model(run_async, parts, 12, talk)


def test_what_happens_while_a_filter_reads_back_is_not_lost(run_async: Run, parts: Parts) -> None:
    async def talk(model: ActivityModel) -> None:
        (fresh,) = entries(1)
        model.set_filter("fresh")
        while not model._before:  # the first slice brought nothing
            await asyncio.sleep(0)
        assert model.reading
        parts.activity.add(replace(fresh, name="fresh"))
        await parts.activity.flush()
        await settled(model)
        assert told(model, Column.MACHINE) == ["fresh"]

    with_model(run_async, parts, 9_000, talk, tested=False)


def test_of_one_machine(run_async: Run, parts: Parts) -> None:
    async def main() -> None:
        for entry in entries(80):
            parts.activity.add(entry)
        key = entries(80)[3].key
        model = ActivityModel(parts.activity, parts.jobs, key)
        model.start()
        await settled(model)
        assert model.rowCount() == 2
        model.stop()
        await parts.jobs.close()
        await parts.activity.close()

    run_async(main())


def test_steps_newest_first_of_one_machine(parts: Parts) -> None:
    one, two = list(parts.store.domains)[:2]
    model = TraceModel(parts.trace, one)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    parts.trace.note(one, "a", text("Starting {name}", name="a"), "virDomainCreate", "virsh start a", None)
    model.start()
    parts.trace.note(two, "b", text("Starting {name}", name="b"), "virDomainCreate", "virsh start b", None)
    parts.trace.note(one, "a", text("Pausing {name}", name="a"), "virDomainSuspend", "virsh suspend a", text("No."))
    assert [[model.index(row, column).data() for column in (1, 2, 3)] for row in range(model.rowCount())] == [
        ["Pausing a", "No.", "virDomainSuspend"],
        ["Starting a", "done", "virDomainCreate"],
    ]
    model.stop()
