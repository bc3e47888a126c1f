"""The keyring: used where it is one, otherwise as if there were none."""

import asyncio
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from vmdesk.core.wallet import Wallet


class Memory(KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("not found")
        del self.kept[service, username]


class Plain(Memory):
    """Keeps passwords in a plain file, says keyring's own order of preference."""

    priority = 0.5  # type: ignore[assignment]


class Broken(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("locked")


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


async def life() -> list[object]:
    wallet = Wallet()
    seen: list[object] = [await wallet.usable(), await wallet.get("a")]
    await wallet.put("a", "secret")
    seen.append(await wallet.get("a"))
    await wallet.forget("a")
    await wallet.forget("a")
    return [*seen, await wallet.get("a")]


@pytest.mark.parametrize(
    ("backend", "seen"),
    [
        (Memory, [True, None, "secret", None]),
        (Plain, [False, None, None, None]),
        (Broken, [True, None, None, None]),
    ],
)
def test_kinds_of_keyring(backend: type[Memory], seen: list[object]) -> None:
    keyring.set_keyring(backend())
    assert asyncio.run(life()) == seen


def test_no_keyring() -> None:
    assert asyncio.run(life()) == [False, None, None, None]  # conftest.py chooses the one that keeps nothing
