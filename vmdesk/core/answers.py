"""Who answers what a host asks at log-in: the keyring if it knows, else the person."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from vmdesk.model.prompt import Kind, Prompt


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person typed, and whether it shall be kept in the keyring. Not to be shown or logged."""

    text: str = field(repr=False)
    keep: bool = False


# Puts a question to the person; the bool: offer to keep the answer. None: cancelled.
Dialog = Callable[[Prompt, bool], Awaitable[Answer | None]]


class Keeper(Protocol):
    """A wallet (core/wallet.py)."""

    async def usable(self) -> bool: ...
    async def get(self, name: str) -> str | None: ...
    async def put(self, name: str, password: str) -> None: ...
    async def forget(self, name: str) -> None: ...


class Answers:
    """An Asker (model/prompt.py). One question is shown at a time; an answer is kept once the login has succeeded."""

    def __init__(self, dialog: Dialog, wallet: Keeper) -> None:
        self._dialog = dialog
        self._wallet = wallet
        self._turn = asyncio.Lock()
        self._to_keep: dict[str, dict[str, str]] = {}  # host -> keyring name -> answer
        self._used: dict[str, set[str]] = {}  # host -> keyring names whose answers were taken

    async def ask(self, prompt: Prompt) -> str | None:
        name = _name(prompt)
        if prompt.secret and not prompt.again:
            kept = await self._wallet.get(name)
            if kept is not None:
                self._used.setdefault(prompt.host, set()).add(name)
                return kept
        offer = prompt.secret and await self._wallet.usable()
        async with self._turn:
            answer = await self._dialog(prompt, offer)
        waiting = self._to_keep.setdefault(prompt.host, {})
        waiting.pop(name, None)
        if answer is None:
            return None
        if answer.keep and offer:
            waiting[name] = answer.text
        return answer.text

    async def ended(self, host: str, success: bool) -> None:
        to_keep, used = self._to_keep.pop(host, {}), self._used.pop(host, set())
        if success:
            for name, answer in to_keep.items():
                await self._wallet.put(name, answer)
        else:
            for name in used:
                await self._wallet.forget(name)


def _name(prompt: Prompt) -> str:
    """What the answer is called in the keyring. A key file's passphrase is the same for all hosts."""
    if prompt.kind is Kind.PASSPHRASE:
        return f"{prompt.kind.value} {prompt.subject}"
    return f"{prompt.kind.value} {prompt.host} {prompt.subject}"
