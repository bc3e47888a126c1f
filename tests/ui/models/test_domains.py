"""The machines model: every way a row can come, go, move and change."""

import contextlib
import random
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from tests.ui.machines import LAB, LAPTOP, Curves, machine, store_of
from vmdesk.core.columns import COLUMNS, natural
from vmdesk.core.filter import FilterError, parse
from vmdesk.core.store import Store
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.host import Host, Link
from vmdesk.model.stats import Figures
from vmdesk.ui.models.domains import FEW, DomainsModel, Scope
from vmdesk.ui.models.roles import Role

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
PLACE = {column.id: place for place, column in enumerate(COLUMNS)}


class Running:
    uses_figures = False
    words = ()
    rest = None

    def __call__(self, domain: Domain, host: Host | None, figures: Figures) -> bool:
        return domain.state is State.RUNNING


class Loud:
    uses_figures = True
    words = ()
    rest = None

    def __call__(self, domain: Domain, host: Host | None, figures: Figures) -> bool:
        return figures.cpu > 50


def names(model: DomainsModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_every_cell_is_there(qtmodeltester: ModelTester) -> None:
    store = store_of(20)
    model = DomainsModel(store, figures=Curves(store).figures)
    qtmodeltester.check(model)
    for row in range(model.rowCount()):
        for place in range(model.columnCount()):
            index = model.index(row, place)
            assert isinstance(index.data(), str)
            assert index.data(Qt.ItemDataRole.AccessibleTextRole)
            index.data(Qt.ItemDataRole.ToolTipRole)
    for place in range(model.columnCount()):
        assert model.headerData(place, Qt.Orientation.Horizontal)
    model.close()


def test_sorts_by_every_column() -> None:
    store = store_of(60)
    model = DomainsModel(store, figures=Curves(store).figures)
    for place in range(len(COLUMNS)):
        for order in (UP, DOWN):
            model.sort(place, order)
            values = [model.index(row, place).data(Role.SORT) for row in range(model.rowCount())]
            assert values == sorted(values, reverse=order == DOWN), COLUMNS[place].id


@pytest.mark.parametrize(("place", "order"), [(0, UP), (0, DOWN), (1, UP), (1, DOWN), (PLACE["group"], DOWN)])
@pytest.mark.parametrize("filtered", [False, True])
def test_any_changes_end_in_what_a_fresh_model_shows(
    qtmodeltester: ModelTester, place: int, order: Qt.SortOrder, filtered: bool
) -> None:
    chance = random.Random(f"{place} {order} {filtered}")
    store = store_of(24)
    model = DomainsModel(store)
    qtmodeltester.check(model)
    model.sort(place, order)
    model.set_filter(Running() if filtered else None)
    for _ in range(25):
        count = chance.choice((1, 2, 5, FEW + 5))
        put: list[Domain] = []
        for _ in range(count):
            number = chance.randrange(36)
            host = (LAPTOP, LAB)[number % 2].id
            state = chance.choice((State.RUNNING, State.PAUSED, State.SHUTOFF, State.CRASHED))
            put.append(machine(number, host, name=chance.choice(("", f"x-{chance.randrange(99)}")), state=state))
        drop = chance.sample(sorted(store.domains), min(len(store.domains) // 2, chance.choice((0, 1, 3))))
        store.update(put, drop)
        model.settle()
        fresh = DomainsModel(store)
        fresh.sort(place, order)
        fresh.set_filter(Running() if filtered else None)
        assert model.keys == fresh.keys
        assert [model.row_of(key) for key in model.keys] == list(range(len(model.keys)))
        fresh.close()
    model.close()


def test_a_change_is_told_once_and_late_ones_together(qtbot: Any) -> None:
    store = store_of(50)
    model = DomainsModel(store)
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    for domain in list(store.domains.values()):
        store.update([replace(domain, autostart=not domain.autostart)])
    model.settle()
    assert told == [(0, 49)]


@pytest.mark.parametrize("count", [1, FEW + 5])
def test_a_new_state_is_painted_in_its_own_column(count: int) -> None:
    store = store_of(50)
    model = DomainsModel(store)
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.column(), last.column())))
    running = [one for one in store.domains.values() if one.state is State.RUNNING][:count]
    store.update(replace(one, state=State.PAUSED, reason="user") for one in running)
    model.settle()
    assert set(told) == {(PLACE["state"], PLACE["state"])}
    told.clear()
    # An address that came and went again between two paintings may have been painted by a scroll in between.
    paused = [store.domains[one.key] for one in running]
    store.update(replace(one, addresses=("10.0.0.1",)) for one in paused)
    store.update(replace(one, state=State.RUNNING) for one in paused)
    model.settle()
    assert set(told) == {(0, len(COLUMNS) - 1)}
    told.clear()
    store.update(replace(one, state=State.SHUTOFF) for one in paused)  # its figures go as well
    model.settle()
    assert set(told) == {(0, len(COLUMNS) - 1)}
    model.close()


def test_each_letter_shows_what_a_fresh_model_shows() -> None:
    """Added and taken back, in several words, while machines come, go and are named anew."""
    chance = random.Random("letters")
    store = store_of(80)
    model = DomainsModel(store)
    typed = ""
    for step in range(300):
        typed = typed[:-1] if chance.random() < 0.4 else typed + chance.choice("web-d12 b7u")
        with contextlib.suppress(FilterError):
            condition = parse(typed)
            model.set_filter(None if condition.empty else condition)
        if step % 3 == 0:
            number = chance.randrange(100)
            name = chance.choice(("", f"web-{chance.randrange(99)}"))
            store.update([machine(number, (LAPTOP, LAB)[number % 2].id, name=name)])
        if step % 5 == 0:
            store.update(drop=[chance.choice(sorted(store.domains))])
        if chance.random() < 0.7:
            model.settle()
            fresh = DomainsModel(store)
            fresh.set_filter(model._filter)
            assert model.keys == fresh.keys, typed
            fresh.close()
    model.close()


def test_a_filter_is_typed_before_the_table_heard_who_is_gone() -> None:
    store = store_of(10)
    model = DomainsModel(store)
    gone = model.keys[0]
    for condition in (parse("e"), Running()):
        store.update([machine(3, gone.host, name="web-e")], drop=[model.keys[0]])
        model.set_filter(condition)  # before its turn has come
        assert all(key in store.domains for key in model.keys)
        model.settle()
    model.close()


def test_nothing_happens_while_nobody_looks() -> None:
    store = store_of(10)
    model = DomainsModel(store)
    model.show(False)
    store.update(drop=[model.keys[0]])
    model.settle()
    assert model.rowCount() == 10
    model.show(True)
    model.settle()
    assert model.rowCount() == 9


def test_figures_reorder_only_when_they_decide() -> None:
    store = store_of(30)
    curves = Curves(store)
    model = DomainsModel(store, figures=curves.figures)
    assert not model.by_figures
    model.set_filter(Loud())
    assert model.by_figures
    loud = [key for key in store.domains if curves.figures(key).cpu > 50]
    assert sorted(model.keys) == sorted(loud)
    model.set_filter(None)
    model.sort(PLACE["cpu"], DOWN)
    assert model.by_figures
    model.on_figures(model.keys)
    model.settle()


def test_scope_and_find() -> None:
    store = store_of(30)
    model = DomainsModel(store)
    model.set_scope(Scope("host", LAB.id))
    assert model.rowCount() == 15
    model.set_scope(Scope("tag", "db"))
    assert {domain.labels.tags for domain in map(model.domain_at, range(model.rowCount())) if domain} == {("db",)}
    model.set_scope(Scope("group", "shop"))
    assert model.filtered
    model.set_scope(Scope())
    assert not model.filtered
    first = model.find("WEB")
    assert model.index(first, 0).data().startswith("web")
    assert model.find("web", first) > first
    assert model.find("nobody") == -1


def test_stale_hosts_say_so() -> None:
    store = store_of(4, (LAPTOP,))
    model = DomainsModel(store)
    store.put_host(Host(LAPTOP, Link.LOST))
    model.settle()
    assert all("stale" in model.index(row, 1).data() for row in range(4))


def test_names_are_in_natural_order() -> None:
    store = store_of(0)
    store.update(Domain(DomainKey("laptop", str(n)), f"m-{n}") for n in range(30))
    model = DomainsModel(store)
    model.settle()
    assert names(model) == sorted(names(model), key=natural) == [f"m-{n}" for n in range(30)]


def test_an_empty_store() -> None:
    model = DomainsModel(Store())
    assert model.rowCount() == 0
    assert model.domain_at(0) is None
    assert model.key_at(3) is None


def test_what_is_in_the_trash_is_not_there(qtbot: Any) -> None:
    store = store_of(6)
    model = DomainsModel(store)
    key, domain = next(iter(store.domains.items()))
    trashed = replace(domain, definition=replace(domain.definition, trashed=1.0))
    for touched in (
        [trashed],
        [trashed, *(replace(one, autostart=not one.autostart) for one in store.domains.values())],
    ):
        store.update([one for one in touched if one.key != key] + [trashed])
        model.settle()
        assert key not in model.keys and model.total == 5
        store.update([domain])
        model.settle()
        assert key in model.keys and model.total == 6
    store.update([trashed])
    model.settle()
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert key not in model.keys and model.total == 5
    model.close()
