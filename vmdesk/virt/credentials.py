"""What libvirt itself asks at log-in (ESXi, SASL), put to the same person that answers ssh."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import CancelledError

from vmdesk.model.prompt import Asker, Kind, Prompt
from vmdesk.virt.connection import Credentials, Question


def credentials(asker: Asker, host: str) -> Credentials:
    """For Connection.open. `host` is how the person knows it. Called in the loop that `asker` lives in."""
    loop = asyncio.get_running_loop()

    def answer(questions: Sequence[Question]) -> Sequence[str] | None:
        answers = []
        for question in questions:
            kind = Kind.PASSWORD if question.secret else Kind.NAME
            words = question.prompt.strip()
            prompt = Prompt(kind, host, words, subject=f"{host} {words}", otherwise=question.otherwise)
            try:
                given = asyncio.run_coroutine_threadsafe(asker.ask(prompt), loop).result()
            except CancelledError:
                return None
            if given is None:
                return None
            answers.append(given or question.otherwise)
        return answers

    return answer
