"""An installer's answers that leave a question open: told before anything is made on the host."""

from pathlib import Path
from typing import Any

import pytest

from tests.testbed.connecting import PRACTICE, run
from tests.unit.core.creating_host import DEBIAN12, found
from vmdesk.core.creating.create import Tools, create
from vmdesk.core.journal import Journal
from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import Text, text
from vmdesk.model.wish import DiskWish, From, Here, UnattendedWish, Wish
from vmdesk.virt import pools, volumes
from vmdesk.virt.connection import Connection


class _Knowledge:
    """As the OS database answers for a Windows without its product key."""

    async def answers(self, *_wish: Any, **_more: Any) -> None:
        raise VirtError(Problem(text("It cannot be installed unattended."), text("product key"), name="unattended"))


def test_nothing_is_made_for_an_installer_that_would_ask(tmp_path: Path) -> None:
    said: list[str] = []

    def report(_progress: float | None, note: Text | None = None) -> None:
        said.append(str(note))

    async def everything(connection: Connection) -> list[str]:
        running = [one.name for one in await pools.pools(connection) if one.active]
        return [volume.path for name in running for volume in await volumes.volumes(connection, name)]

    async def work(connection: Connection) -> None:
        before = await everything(connection)
        wish = Wish("web", From.CDROM, Here("/srv/win.iso"), disks=(DiskWish(1 << 30),), unattended=UnattendedWish())
        tools = Tools(Journal(tmp_path / "journal"), _Knowledge(), tmp_path / "scratch")  # type: ignore[arg-type]
        with pytest.raises(VirtError) as refused:
            await create(tools, connection, wish, found(system=DEBIAN12), report)
        assert refused.value.problem.name == "unattended" and str(refused.value.problem.why) == "product key"
        assert said == ["Looking at the host"] and await everything(connection) == before
        assert not (tmp_path / "journal").exists() or not list((tmp_path / "journal").iterdir())

    run(PRACTICE, work)
