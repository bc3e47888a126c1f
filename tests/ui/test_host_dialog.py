"""The dialogs of hosts: fields become an address, refusals and warnings in words, questions at log-in."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDialog, QLabel, QLineEdit, QPushButton, QWidget

from vmdesk.core.host_draft import KINDS, Kind, draft_of
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.prompt import Kind as Asked
from vmdesk.model.prompt import Prompt
from vmdesk.model.text import Text, text
from vmdesk.model.uri import check
from vmdesk.ui.dialogs.askpass import WindowDialog
from vmdesk.ui.dialogs.host import HostDialog

RunAsync = Callable[[Coroutine[Any, Any, Any]], Any]
SHA = "SHA256:9RyXTmtIVpD0mHhS0FVxU8xOfYnYbJIt9mYcXoFpF3k"


async def works(_config: HostConfig) -> Text:
    return text("It works: {driver}", driver="QEMU")


async def fails(_config: HostConfig) -> Text:
    raise VirtError(Problem(text("x"), text("The login was refused."), text("Check the password."), "details"))


def spawn(_name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(work)


def make(qtbot: Any, uri: str = "", probe: Any = works) -> HostDialog:
    config = HostConfig("x", "My host", uri) if uri else None
    dialog = HostDialog(None, config, probe, spawn)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture(autouse=True)
def _stays(qapp: QApplication) -> Iterator[None]:
    """Closing the only dialog is not the end of the program."""
    before = qapp.quitOnLastWindowClosed()
    qapp.setQuitOnLastWindowClosed(False)
    yield
    qapp.setQuitOnLastWindowClosed(before)


def find(dialog: QDialog, kind: type[Any], name: str) -> Any:
    found = dialog.findChild(kind, name)
    assert found is not None, name
    return found


def choose(dialog: QDialog, kind: Kind) -> None:
    box = find(dialog, QComboBox, "kind")
    box.setCurrentIndex(box.findData(kind))


def words(dialog: QDialog, name: str) -> list[str]:
    """What the visible lines of that name say."""
    lines = [one for one in dialog.findChildren(QWidget, name) if one.isVisibleTo(dialog)]
    return [one.accessibleName() for one in lines]


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu:///session",
        "xen:///system",
        "lxc:///system",
        "qemu+ssh://alice@lab-2:2222/system?keyfile=/home/alice/my%20key",
        "xen+ssh://root@[::1]/system",
        "qemu+ssh://lab-2/session",
        "qemu+tls://lab-2/system?pkipath=/etc/pki/mine&no_verify=1",
        "qemu+tcp://lab-2:16509/system",
        "esx://root@esx/?no_verify=1",
        "vpx://admin%40corp@vc/DC%201/cluster/host",
        "qemu+ssh://lab-2/system?no_tty=1",
        "vbox:///session",
    ],
)
def test_a_host_comes_back_as_it_was(qtbot: Any, uri: str) -> None:
    dialog = make(qtbot, uri)
    config = dialog.draft.config("x")
    assert config == HostConfig("x", "My host", uri)
    assert dialog.action.isEnabled()


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_makes_an_allowed_address(qtbot: Any, kind: Kind) -> None:
    dialog = make(qtbot)
    choose(dialog, kind)
    for name, value in (("host", "lab-2"), ("place", "dc/host"), ("address", "vbox:///session")):
        line = find(dialog, QLineEdit, name)
        if line.isVisible():
            line.setText(value)
    check(dialog.draft.uri)
    assert dialog.action.isEnabled()
    assert kind is Kind.OTHER or find(dialog, QLabel, "uri").text() == dialog.draft.uri
    assert draft_of(dialog.draft.config("x")).kind is kind or kind is Kind.OTHER


def test_what_is_missing_is_no_mistake_yet(qtbot: Any) -> None:
    dialog = make(qtbot)
    assert not dialog.action.isEnabled() and words(dialog, "wrong") == []
    find(dialog, QLineEdit, "host").setText("lab-2")
    assert dialog.action.isEnabled()
    assert find(dialog, QLabel, "uri").text() == "qemu+ssh://lab-2/system"
    assert dialog.draft.config("a").name == "lab-2"


def test_refused_addresses_say_why(qtbot: Any) -> None:
    dialog = make(qtbot)
    find(dialog, QLineEdit, "host").setText("-oProxyCommand=x")
    assert not dialog.action.isEnabled() and len(words(dialog, "wrong")) == 1
    choose(dialog, Kind.OTHER)
    find(dialog, QLineEdit, "address").setText("qemu+ssh://h/system?command=/tmp/x")
    assert not dialog.action.isEnabled()
    assert "program" in words(dialog, "wrong")[0]
    find(dialog, QLineEdit, "address").setText("qemu+ssh://h/system")
    assert dialog.action.isEnabled() and words(dialog, "wrong") == []


def test_warnings_and_consent(qtbot: Any) -> None:
    dialog = make(qtbot)
    choose(dialog, Kind.TCP)
    find(dialog, QLineEdit, "host").setText("lab-2")
    assert "encrypted" in words(dialog, "warning")[0] and dialog.action.isEnabled()
    choose(dialog, Kind.TLS)
    assert words(dialog, "warning") == []
    find(dialog, QCheckBox, "unchecked").setChecked(True)
    assert len(words(dialog, "warning")) == 1 and dialog.draft.uri.endswith("no_verify=1")
    choose(dialog, Kind.SSH)
    assert "no_verify" not in dialog.draft.uri  # the tick is of another kind
    find(dialog, QCheckBox, "unchecked").setChecked(False)
    choose(dialog, Kind.OTHER)
    find(dialog, QLineEdit, "address").setText("qemu+tls://h/system?no_verify=1")
    assert not dialog.action.isEnabled() and find(dialog, QCheckBox, "unchecked").isVisible()
    find(dialog, QCheckBox, "unchecked").setChecked(True)
    assert dialog.action.isEnabled() and len(words(dialog, "warning")) == 1


def test_every_control_has_a_name(qtbot: Any) -> None:
    dialog = make(qtbot)
    for kind in KINDS:
        choose(dialog, kind)
        for control in dialog.findChildren(QWidget):
            if control.isVisible() and control.focusPolicy() & Qt.FocusPolicy.TabFocus:
                name = control.accessibleName() or (control.text() if isinstance(control, QPushButton) else "")
                assert name, control.objectName()


def test_connection_is_tested(qtbot: Any, run_async: RunAsync) -> None:
    async def outcome(dialog: HostDialog) -> list[str]:
        find(dialog, QPushButton, "test").click()
        for _ in range(20):
            await asyncio.sleep(0.005)
        return words(dialog, "trial")

    async def work() -> None:
        assert await outcome(make(qtbot, "qemu:///system")) == ["It works: QEMU"]
        (line,) = await outcome(make(qtbot, "qemu:///system", fails))
        assert "refused" in line and "Check the password" in line

    run_async(work())


def test_closing_ends_the_test(qtbot: Any, run_async: RunAsync) -> None:
    ended = []

    async def slow(_config: HostConfig) -> Text:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return text("never")

    async def work() -> None:
        dialog = make(qtbot, "qemu:///system", slow)
        find(dialog, QPushButton, "test").click()
        await asyncio.sleep(0.02)
        dialog.reject()
        await asyncio.sleep(0.02)
        assert ended == [True]

    run_async(work())


async def shown(kind: type[Any]) -> Any:
    """The dialog that is open."""
    async with asyncio.timeout(5):
        while True:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QDialog) and widget.isVisible() and isinstance(widget, kind):
                    return widget
            await asyncio.sleep(0.005)


def test_what_was_entered_is_there_after_the_answer(run_async: RunAsync) -> None:
    async def entered(config: HostConfig | None, do: Callable[[HostDialog], None]) -> HostConfig | None:
        dialog = HostDialog(None, config, works, spawn)
        asking = asyncio.get_running_loop().create_task(dialog.answer())
        do(await shown(HostDialog))
        return dialog.draft.config("x") if await asking else None

    def add(dialog: HostDialog) -> None:
        choose(dialog, Kind.TLS)
        find(dialog, QLineEdit, "host").setText("lab-2")
        find(dialog, QCheckBox, "unchecked").setChecked(True)
        find(dialog, QCheckBox, "readonly").setChecked(True)
        dialog.action.click()

    def rename(dialog: HostDialog) -> None:
        find(dialog, QLineEdit, "name").setText("Lab")
        dialog.action.click()

    async def work() -> None:
        added = await entered(None, add)
        assert added == HostConfig("x", "lab-2", "qemu+tls://lab-2/system?no_verify=1", True, True)
        assert await entered(added, rename) == HostConfig("x", "Lab", "qemu+tls://lab-2/system?no_verify=1", True, True)
        assert await entered(None, lambda dialog: dialog.reject()) is None

    run_async(work())


def test_questions_at_login(run_async: RunAsync) -> None:
    async def answer(prompt: Prompt, do: Callable[[QDialog], None], offer: bool = True) -> Any:
        asking = asyncio.get_running_loop().create_task(WindowDialog(lambda: None)(prompt, offer))
        dialog = await shown(QDialog)
        do(dialog)
        return await asking

    def type_in(secret: str, keep: bool = False) -> Callable[[QDialog], None]:
        def do(dialog: QDialog) -> None:
            QTest.keyClicks(find(dialog, QLineEdit, "answer"), secret)
            find(dialog, QCheckBox, "keep").setChecked(keep)
            find(dialog, QPushButton, "action").click()

        return do

    async def work() -> None:
        password = Prompt(Asked.PASSWORD, "a@h", "<b>a@h's</b> password: ", "a@h")
        given = await answer(password, type_in("geheim", keep=True))
        assert given is not None and given.text == "geheim" and given.keep and "geheim" not in repr(given)
        given = await answer(password, type_in("geheim", keep=True), offer=False)
        assert given is not None and not given.keep
        assert await answer(password, lambda dialog: dialog.reject()) is None
        key = Prompt(Asked.HOST_KEY, "a@h", "", key_type="ED25519", fingerprint=SHA)
        seen: list[str] = []

        def look(dialog: QDialog) -> None:
            seen.append(find(dialog, QLabel, "fingerprint").text())
            QTest.keyClick(dialog, Qt.Key.Key_Return)

        assert await answer(key, look) is None and seen == [SHA]  # Enter does not agree
        assert (await answer(key, lambda dialog: find(dialog, QPushButton, "action").click())).text == "yes"

    run_async(work())


def test_a_question_nobody_waits_for_goes_away(run_async: RunAsync) -> None:
    async def work() -> None:
        prompt = Prompt(Asked.NOTICE, "a@h", "Touch the key")
        asking = asyncio.get_running_loop().create_task(WindowDialog(lambda: None)(prompt, False))
        dialog = await shown(QDialog)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert not shiboken6.isValid(dialog)

    run_async(work())


def test_it_is_no_higher_than_what_it_asks(qtbot: Any) -> None:
    """After a kind with many fields, one with few is not spread over the same height."""
    dialog = make(qtbot)
    choose(dialog, Kind.SYSTEM)
    low = dialog.height()
    choose(dialog, Kind.SSH)
    assert dialog.height() > low
    choose(dialog, Kind.SYSTEM)
    assert dialog.height() == low


def test_why_it_cannot_be_added_yet(qtbot: Any) -> None:
    dialog = make(qtbot)
    choose(dialog, Kind.SSH)
    assert not dialog.action.isEnabled() and dialog.action.toolTip()
    choose(dialog, Kind.SYSTEM)
    assert dialog.action.isEnabled() and not dialog.action.toolTip()


def test_a_refusal_says_what_to_do(qtbot: Any) -> None:
    dialog = make(qtbot)
    choose(dialog, Kind.OTHER)
    find(dialog, QLineEdit, "address").setText("qemu:///system?foo=1")
    with pytest.raises(VirtError) as refused:
        check("qemu:///system?foo=1")
    said = words(dialog, "wrong")[0]
    assert str(refused.value.problem.why) in said and str(refused.value.problem.what_next) in said
