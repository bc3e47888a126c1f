"""What ssh asks before it lets us in."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Kind(Enum):
    """What is wanted."""

    HOST_KEY = "host-key"  # is this the right host? The answer is its fingerprint
    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    PASSPHRASE = "passphrase"  # noqa: S105 - of a key file
    NAME = "name"  # a user name, typed in sight
    ANSWER = "answer"  # anything else the other side wants to know, typed unseen
    NOTICE = "notice"  # nothing to type: touch the security key, say. Ends by itself


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question.

    host         whom we log in to: "user@host" or "user@host:port", as the person wrote it
    words        the question as ssh or the other side put it, in their language
    subject      what the answer belongs to: the account "user@host", or the key file's path
    again        the answer given before was refused
    otherwise    the answer if nothing is typed
    """

    kind: Kind
    host: str
    words: str
    subject: str = ""
    again: bool = False
    key_type: str = ""
    fingerprint: str = ""
    otherwise: str = ""

    @property
    def secret(self) -> bool:
        """Whether the answer may be kept in a keyring."""
        return self.kind in (Kind.PASSWORD, Kind.PASSPHRASE)


class Asker(Protocol):
    """Who answers."""

    async def ask(self, prompt: Prompt) -> str | None:
        """The answer; None: the person does not want to go on. Cancelled when the question is no longer asked."""

    async def ended(self, host: str, success: bool) -> None:
        """The login that the questions were for has succeeded or failed."""
