"""What a page hears of while it is seen."""

from collections.abc import Callable

from vmdesk.ui.heard import Heard


def test_it_begins_once_and_ends_once() -> None:
    told: list[str] = []

    def subscribe(name: str) -> Callable[[], None]:
        told.append(f"begin {name}")
        return lambda: told.append(f"end {name}")

    heard = Heard()
    heard.end()
    for _ in range(2):
        heard.begin(lambda: (subscribe("store"), subscribe("jobs")))
        assert heard.on
    for _ in range(2):
        heard.end()
        assert not heard.on
    assert told == ["begin store", "begin jobs", "end store", "end jobs"]
    heard.begin(lambda: (subscribe("store"),))
    assert told[-1] == "begin store"
