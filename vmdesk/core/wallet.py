"""The desktop's own keyring, if there is one. Never a plain file."""

import asyncio
from typing import Any

from vmdesk.core.later import load
from vmdesk.virt.lane import Lane

SERVICE = "VMDesk"
_SAFE = 1.0  # keyring's priority of backends that it recommends; those below keep plain text or nothing


class Wallet:
    """Passwords by name. Everything may block (the keyring asks to be unlocked), so it is done in a worker.

    Without a usable keyring `get` finds nothing and `put` does nothing.
    """

    def __init__(self) -> None:
        self._lane = Lane(1, "keyring")

    async def usable(self) -> bool:
        """Whether passwords can be kept."""
        return await self._do(lambda backend: True) or False

    async def get(self, name: str) -> str | None:
        found = await self._do(lambda backend: backend.get_password(SERVICE, name))
        return None if found is None else str(found)

    async def put(self, name: str, password: str) -> None:
        await self._do(lambda backend: backend.set_password(SERVICE, name, password))

    async def forget(self, name: str) -> None:
        await self._do(lambda backend: backend.delete_password(SERVICE, name))

    async def _do(self, fn: Any) -> Any:
        def work() -> Any:
            try:
                backend = _backend()
                return None if backend is None else fn(backend)
            except Exception:  # backends raise what they like; a keyring that fails is as good as none
                return None

        return await asyncio.get_running_loop().run_in_executor(self._lane, work)


def _backend() -> Any:
    backend = load("keyring")()
    return backend if float(backend.priority) >= _SAFE else None
