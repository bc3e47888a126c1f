"""The whole way by the real window's means: sshd asks, a dialog is shown on Qt's loop, the answer lets us in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from qasync import QEventLoop

from tests.live.test_ssh import address, known, logins, look, short
from tests.testbed.client import KeeperClient
from vmdesk.core.answers import Answers
from vmdesk.core.wallet import Wallet
from vmdesk.ui.dialogs.askpass import HostKeyDialog, SecretDialog, WindowDialog
from vmdesk.virt.ssh import Tunnel

__all__ = ["known", "short"]
pytestmark = pytest.mark.live


async def shown(kind: type[Any]) -> Any:
    async with asyncio.timeout(20):
        while True:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, kind) and widget.isVisible():
                    return widget
            await asyncio.sleep(0.01)


def test_new_host_and_password(qapp: QApplication, keeper: KeeperClient, known: Path, short: Path) -> None:
    server = keeper.ssh_start("password")
    qapp.setQuitOnLastWindowClosed(False)

    async def work() -> None:
        tunnel = Tunnel(address(server, known), short, Answers(WindowDialog(lambda: None), Wallet()))
        up = asyncio.get_running_loop().create_task(tunnel.up())
        key = await shown(HostKeyDialog)
        assert key.findChild(QLabel, "fingerprint").text() == server.fingerprint
        key.action.click()
        for secret, again in (("wrong", False), (server.password, True)):
            dialog = await shown(SecretDialog)
            assert (dialog.findChild(QLabel, "refused") is not None) is again
            QTest.keyClicks(dialog.findChild(QLineEdit, "answer"), secret)
            dialog.action.click()
        assert look(await up) == ["default"]
        await tunnel.close()

    with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp, already_running=False)) as runner:
        runner.run(work())
    assert logins(server) == 1
