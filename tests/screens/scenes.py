"""The window with the company's machines in it, as a picture."""

import asyncio
from array import array
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from PySide6.QtCore import QSize
from PySide6.QtGui import QFont, QFontInfo, QImage
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QWidget
from qasync import QEventLoop

from tests.fakes import layers, storage
from tests.fakes.workshop import CLOSED, FakeWorkshop
from tests.screens import company
from vmdesk.core import limiting, pending, redefining
from vmdesk.core.activity import Entry, EntryKind
from vmdesk.core.archive import Archived
from vmdesk.core.command import Context
from vmdesk.core.definitions import Kept
from vmdesk.core.hardware import reading
from vmdesk.core.hardware.reading import Offers, Seen
from vmdesk.core.jobs import Jobs
from vmdesk.core.labels import LocalLabels
from vmdesk.core.limiting import Known
from vmdesk.core.paths import RESOURCES, Paths
from vmdesk.core.redefining import Definitions
from vmdesk.core.settings import SettingsFile
from vmdesk.core.storage.room import Room
from vmdesk.core.trace import Trace
from vmdesk.model.abilities import HostAbilities
from vmdesk.model.domain import State
from vmdesk.model.facts import Cell, Cpu, HostFacts
from vmdesk.model.network import Network
from vmdesk.model.text import use_language
from vmdesk.ui.main_window import MainWindow
from vmdesk.ui.parts import Parts, Shell
from vmdesk.ui.remembered import Remembered
from vmdesk.ui.theme import Theme
from vmdesk.virt import facts as virt_facts
from vmdesk.virtxml import hardware, masks

SAME = 6  # looks, a twentieth of a second apart


class _Quiet:
    """A part that is asked for nothing that could be seen."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **more: None


class _Hosts:
    def is_practice(self, host_id: str) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class _Archive:
    async def read(self, *_: Any, **__: Any) -> Archived:
        return Archived(array("d"), array("f"), array("f"), (), 60)


class _Activity:
    """What happened this morning."""

    def __init__(self) -> None:
        told = (
            (30, "web-01", EntryKind.LIFECYCLE, "started", "booted"),
            (95, "db-01", EntryKind.IO_ERROR, "pause", "enospc"),
            (600, "mail", EntryKind.LIFECYCLE, "crashed", "panicked"),
            (1800, "lab-target", EntryKind.LIFECYCLE, "stopped", "destroyed"),
            (7200, "web-02", EntryKind.LIFECYCLE, "started", "booted"),
        )
        uuids = {domain.name: domain.uuid for domain in company.DOMAINS}
        self._entries = [
            Entry(company.NOW - ago, "laptop", "Laptop", kind, what, reason, uuids[name], name, number)
            for number, (ago, name, kind, what, reason) in enumerate(told[::-1], 1)
        ]

    async def entries(self, *_: Any, **__: Any) -> list[Entry]:
        return self._entries[::-1]

    def subscribe(self, _: Any) -> Any:
        return lambda: None


def _application() -> QApplication:
    qt = QApplication.instance() or QApplication(["vmdesk", "-style", "fusion"])
    assert isinstance(qt, QApplication)
    font = QFont("DejaVu Sans", 10)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    qt.setFont(font)
    qt.setQuitOnLastWindowClosed(False)  # the loop goes on until a scene has tidied up
    qt.setCursorFlashTime(0)  # a cursor that blinks is in every second picture
    assert QFontInfo(font).family() == "DejaVu Sans"
    return qt


def draw(what: str, look: str, language: str, size: tuple[int, int], folder: Path) -> QImage:
    """One scene: "machines", "machine", or the name of a page."""
    qt = _application()
    use_language(RESOURCES / "i18n", language)
    theme = Theme(qt)
    theme.apply(look)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(qt)) as runner:
        return runner.run(_draw(what, look, language, size, folder))


async def _settled() -> None:
    """Nothing that is seen has changed for a while, however long the computer takes."""
    last: list[QImage] = []
    same = 0
    while same < SAME:
        await asyncio.sleep(0.05)
        now = [one.grab().toImage() for one in QApplication.topLevelWidgets() if one.isVisible()]
        same = same + 1 if now == last else 0
        last = now


async def _walk_wizard(window: MainWindow, parts: Parts, page: str) -> None:
    """The wizard for new machines at one of its pages, with an ISO that the hypervisor cannot read."""
    parts.workshop = FakeWorkshop(parts.paths.settings)
    window.open_new("laptop")
    wizard: Any = window.tabs.currentWidget()
    await _settled()
    wizard.take_file(CLOSED)
    await _settled()
    wizard.go_on() if page else None
    if page == "details":
        wizard.details.click()
    elif page == "summary":
        wizard.go_on()
    window.setFocus()


async def _show_layers(window: MainWindow, parts: Parts, what: str) -> QWidget:
    """The tab with snapshots, or one of the dialogs about a machine's disks."""
    off = what in ("clone", "delete")
    domain = replace(company.WEB, state=State.SHUTOFF, reason="shutdown", addresses=()) if off else company.WEB
    view = layers.view_of(domain, () if what == "snapshots-none" else layers.tree(company.NOW - 4 * 86_400))
    parts.store.update([view.domain])
    parts.layers = layers.FakeLayers(view)
    if what.startswith("snapshots"):
        window.open_machine(domain.key)
        page: Any = window.tabs.currentWidget()
        page.tabs.setCurrentWidget(page.chain if what == "snapshots-files" else page.snapshots)
        return window
    window.begin({"snapshot-take": "take-snapshot"}.get(what, what), domain.key)
    await _settled()
    dialog = next(one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible())
    if what == "snapshot-take":  # what is suggested is made of the time
        dialog.findChild(QLineEdit, "name").setText("before-the-update")
    return dialog


async def _show_trash(window: MainWindow, parts: Parts, what: str) -> QWidget:
    """The page, or the plan of emptying it: a template with its clone, and a machine that another one needs."""
    old = [one for one in parts.store.domains.values() if not one.active and not one.managed_save][:3]
    trashed = [
        replace(one, definition=replace(one.definition, trashed=company.NOW - 86_400.0 * (place + 1)))
        for place, one in enumerate(old)
    ]
    parts.store.update(trashed)
    parts.layers = layers.FakeTrash(trashed)
    page: Any = window.open_page("trash")
    await _settled()
    if what == "trash":
        return window
    page.empty_all.trigger()
    await _settled()
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible())


async def _walk_xml(window: MainWindow, part: str) -> None:
    """The machine's XML: read, edited with two mistakes, compared with what runs or with what somebody else wrote."""

    async def read_both(*_: Any) -> Definitions:
        return Definitions(company.RUNNING, masks.hide(company.STORED))

    async def changed_meanwhile(*_: Any) -> str:
        return ""

    redefining.read_both, redefining.changed_meanwhile = read_both, changed_meanwhile
    window.open_machine(company.WEB.key)
    window.resize(window.size())
    page: Any = window.tabs.currentWidget()
    page.tabs.setCurrentWidget(page.xml)
    tab = page.xml.inner
    await _settled()
    begun = redefining._begun(company.STORED, masks.Vault())
    if part == "differences":
        tab.show_view("differences")
    elif part:
        tab.editor.set_text(begun.shown)
        tab._start(begun)
    if part == "edit":
        tab.editor.replace_text(begun.shown.replace("bus='virtio'", "bus='virtoi'").replace(">2</vcpu>", ">two</vcpu>"))
        tab.editor.area.folding.toggle(6)
        tab.editor.check_now()
    elif part in ("three-way", "conflict"):
        theirs = company.STORED.replace("<on_crash>destroy", "<on_crash>restart").replace("2097152", "4194304")
        if part == "conflict":
            theirs = theirs.replace(">2</vcpu>", ">3</vcpu>")
        tab._compare(begun, begun.shown.replace(">2</vcpu>", ">4</vcpu>"), theirs)
    window.setFocus()


async def _show_definitions(window: MainWindow, parts: Parts, what: str) -> QWidget:
    """The machine's limits, the way back to an older definition, or what waits for a restart beside what runs."""
    limits = "<cputune><quota>60000</quota></cputune><memtune><hard_limit unit='KiB'>3145728</hard_limit></memtune>"
    iotune = "<iotune><write_bytes_sec>20971520</write_bytes_sec></iotune>"
    running = company.RUNNING.replace("  <os>", f"  {limits}\n  <os>").replace("<alias", f"{iotune}<alias", 1)
    stored = masks.hide(company.STORED).replace("  <os>", f"  {limits.replace('60000', '80000')}\n  <os>")
    both = Definitions(running, stored.replace("bus='virtio'/>", f"bus='virtio'/>{iotune}", 1))

    async def read_both(*_: Any) -> Definitions:
        return both

    async def read(*_: Any) -> Known:
        return Known(hardware.parse(both.running), hardware.parse(both.stored))

    async def host_facts(*_: Any) -> HostFacts:
        cpus = tuple(Cpu(n, 0, n // 2, (n - n % 2, n - n % 2 + 1)) for n in range(8))
        return HostFacts(cpus=8, memory_kib=16 * 1024**2, cells=(Cell(0, 16 * 1024**2, 9 * 1024**2, cpus),))

    async def all_of(*_: Any) -> tuple[Kept, ...]:
        now, first = company.STORED, company.STORED.replace("<title>Shop front</title>", "<title>Shop</title>")
        texts = (now, now.replace(">4194304<", ">2097152<"), first.replace("destroy</on_crash>", "restart</on_crash>"))
        return tuple(
            Kept(3 - n, "web-01", company.NOW - n * 90_000 - 700, masks.hide(xml), True) for n, xml in enumerate(texts)
        )

    redefining.read_both = pending.read_both = read_both  # type: ignore[attr-defined]
    limiting.read, virt_facts.facts = read, host_facts
    linked = SimpleNamespace(require=lambda: None)
    parts.context.sessions = cast(Any, SimpleNamespace(of=lambda _key: linked))
    parts.watcher = SimpleNamespace(
        definitions=SimpleNamespace(all_of=all_of), look_at=lambda _keys: None, subscribe=lambda _one: lambda: None
    )
    window.open_machine(company.WEB.key)
    page: Any = window.tabs.currentWidget()
    if what != "pending":
        page.tabs.setCurrentWidget(page.limits if what == "limits" else page.history)
        await _settled()
        window.setFocus()
        return window
    await _settled()
    page.pending.open_dialog()
    await _settled()
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible())


async def _walk_hardware(window: MainWindow, part: str) -> None:
    """The machine's hardware with changes that act now and later; or what can be added."""
    seen = Seen(
        company.WEB,
        hardware.parse(company.STORED),
        hardware.parse(company.RUNNING),
        company.STORED,
        sizes=(("vda", 20 << 30),),
    )

    async def read(*_: Any) -> Seen:
        return seen

    async def disk_sizes(*_: Any) -> tuple[tuple[str, int], ...]:
        return seen.sizes

    async def offers(*_: Any) -> Offers:
        networks = (Network("default", ""), Network("lab", "", active=False))
        return Offers(HostAbilities(networks=networks))

    reading.read, reading.disk_sizes, reading.offers = read, disk_sizes, offers
    window.open_machine(company.WEB.key)
    page: Any = window.tabs.currentWidget()
    page.tabs.setCurrentWidget(page.hardware)
    tab = page.hardware.inner
    await _settled()
    tab.list.choose("memory")
    tab.form.controls["given"].setValue(1024)
    tab.form.controls["huge"].setChecked(True)
    tab.list.choose({"card": "interface/52:54:00:12:34:56"}.get(part, part or "memory"))
    window.setFocus()


async def _walk_storage(window: MainWindow, parts: Parts) -> None:
    """The host's storage: one pool fills up, one is almost full, one is off."""
    parts.storage = storage.FakeStorage(Room(parts.paths.room_file))
    storage.falling(parts.storage.room, storage.POOLS[0], company.NOW, 3)
    window.open_storage("laptop")
    page: Any = window.tabs.currentWidget()
    await _settled()
    tab = page.storage.inner
    tab.table.selectRow(next(place for place, row in enumerate(tab.model.rows) if row.name == "web-01.qcow2"))
    window.setFocus()


async def _draw(what: str, look: str, language: str, size: tuple[int, int], folder: Path) -> QImage:
    mistakes: list[BaseException] = []
    paths = Paths(folder / f"{what}-{look}-{language}", folder)
    paths.make()
    store, jobs, settings, trace = company.store(), Jobs(mistakes.append), SettingsFile(paths.settings_file), Trace()
    settings.load()
    settings.set(theme=look, language=language)
    quiet = cast(Any, _Quiet())
    context = Context(store, quiet, jobs, settings, trace, LocalLabels(paths.labels_file), quiet)
    parts = Parts(
        paths, store, jobs, quiet, company.history(), _Archive(), _Activity(), settings, trace, context, quiet,
        cast(Shell, None),
    )  # fmt: skip
    window = MainWindow(parts, Remembered(paths.window_file), cast(Any, _Hosts()))
    window.resize(QSize(*size))
    window.show()
    await _settled()
    window.reveal(company.WEB.key)
    shown: QWidget = window
    if what == "machine":
        window.open_machine(company.WEB.key)
    elif what.startswith("snapshot") or what in ("clone", "delete"):
        shown = await _show_layers(window, parts, what)
    elif what.startswith("trash"):
        shown = await _show_trash(window, parts, what)
    elif what in ("limits", "history", "pending"):
        shown = await _show_definitions(window, parts, what)
    elif what.startswith("hardware"):
        await _walk_hardware(window, what.partition("-")[2])
    elif what == "storage":
        await _walk_storage(window, parts)
    elif what.startswith("xml"):
        await _walk_xml(window, what.partition("-")[2])
    elif what.startswith("new"):
        await _walk_wizard(window, parts, what.partition("-")[2])
    elif what != "machines":
        window.open_page(what)
    await _settled()
    picture = shown.grab().toImage()
    if isinstance(shown, QDialog):
        shown.reject()
        await asyncio.sleep(0)
    window.let_go()
    window.close()
    window.deleteLater()
    await jobs.close()
    if mistakes:
        raise mistakes[0]
    return picture
