"""The keyring answers first, keeps what worked and forgets what did not."""

import asyncio

from vmdesk.core.answers import Answer, Answers
from vmdesk.model.prompt import Kind, Prompt

PASSWORD = Prompt(Kind.PASSWORD, "a@h", "a@h's password:", "a@h")
AGAIN = Prompt(Kind.PASSWORD, "a@h", "a@h's password:", "a@h", again=True)
NAME = "password a@h a@h"


class Memory:
    """A keyring."""

    def __init__(self, usable: bool = True, **kept: str) -> None:
        self.works, self.kept = usable, kept

    async def usable(self) -> bool:
        return self.works

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, password: str) -> None:
        self.kept[name] = password

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)


class Window:
    """Gives these answers; remembers the questions."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[Prompt, bool]] = []
        self.open = self.most = 0

    async def __call__(self, prompt: Prompt, offer: bool) -> Answer | None:
        self.asked.append((prompt, offer))
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return self.answers.pop(0)


def test_kept_after_success_only() -> None:
    async def work() -> None:
        wallet, window = Memory(), Window(Answer("wrong", keep=True), Answer("right", keep=True))
        answers = Answers(window, wallet)
        assert await answers.ask(PASSWORD) == "wrong"
        assert await answers.ask(AGAIN) == "right"
        assert wallet.kept == {}
        await answers.ended("a@h", True)
        assert wallet.kept == {NAME: "right"}
        assert await answers.ask(PASSWORD) == "right" and len(window.asked) == 2

    asyncio.run(work())


def test_nothing_is_kept_after_a_failure_or_unasked() -> None:
    async def work() -> None:
        wallet = Memory()
        answers = Answers(Window(Answer("x", keep=True), Answer("y")), wallet)
        await answers.ask(PASSWORD)
        await answers.ended("a@h", False)
        await answers.ask(PASSWORD)
        await answers.ended("a@h", True)
        assert wallet.kept == {}

    asyncio.run(work())


def test_a_stale_password_is_asked_for_and_forgotten() -> None:
    async def work() -> None:
        wallet, window = Memory(**{NAME: "old"}), Window(None)
        answers = Answers(window, wallet)
        assert await answers.ask(PASSWORD) == "old" and not window.asked
        assert await answers.ask(AGAIN) is None and len(window.asked) == 1
        await answers.ended("a@h", False)
        assert wallet.kept == {}

    asyncio.run(work())


def test_without_a_keyring_it_is_not_offered() -> None:
    async def work() -> None:
        wallet, window = Memory(usable=False), Window(Answer("x", keep=True), Answer("yes"))
        answers = Answers(window, wallet)
        await answers.ask(PASSWORD)
        await answers.ask(Prompt(Kind.HOST_KEY, "a@h", "?"))
        await answers.ended("a@h", True)
        assert [offer for _, offer in window.asked] == [False, False] and wallet.kept == {}

    asyncio.run(work())


def test_only_secrets_come_from_the_keyring() -> None:
    async def work() -> None:
        window = Window(Answer("123"))
        code = Prompt(Kind.ANSWER, "a@h", "Code:", "a@h")
        assert await Answers(window, Memory(**{"answer a@h a@h": "old"})).ask(code) == "123"

    asyncio.run(work())


def test_one_question_at_a_time() -> None:
    async def work() -> None:
        window = Window(*[Answer("x")] * 5)
        answers = Answers(window, Memory())
        await asyncio.gather(*(answers.ask(Prompt(Kind.PASSWORD, f"h{n}", "?")) for n in range(5)))
        assert window.most == 1

    asyncio.run(work())
