"""Dataclasses whose methods are compiled when they are first called are what they would be otherwise."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from vmdesk.model import dataclass_methods

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 13), reason="this Python compiles them at once for each class")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that have been compiled, by name; the program's own dataclasses are left as they are."""
    module: Any = dataclasses
    made: list[str] = []
    create: Callable[..., Any] = module._create_fn

    def note(name: str, *arguments: Any, **named: Any) -> Any:
        made.append(name)
        return create(name, *arguments, **named)

    note.__module__ = module.__name__
    monkeypatch.setattr(module, "_create_fn", note)
    dataclass_methods.put_off()
    dataclass_methods.put_off()  # a second time changes nothing
    return made


def test_nothing_is_compiled_until_it_is_called(compiled: list[str]) -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 2

    assert compiled == []
    one = Point(1)
    assert compiled == ["__init__"]
    assert one == Point(1, y=2) and one != Point(2)
    assert compiled == ["__init__", "__eq__"]


def test_it_behaves_as_ever(compiled: list[str]) -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Point:
        x: int
        more: list[int] = dataclasses.field(default_factory=list)

    one = Point(1)
    assert (one.x, one.more, repr(one).rpartition(".")[2]) == (1, [], "Point(x=1, more=[])")
    assert dataclasses.replace(one, x=3) == Point(3) and dataclasses.asdict(one) == {"x": 1, "more": []}
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.x
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(1, z=2)  # type: ignore[call-arg]


def test_one_below_another(compiled: list[str]) -> None:
    @dataclasses.dataclass(frozen=True)
    class Above:
        x: int

    @dataclasses.dataclass(frozen=True)
    class Below(Above):
        y: int

    class Plain(Above):
        pass

    assert hash(Below(1, 2)) == hash(Below(1, 2)) != hash(Below(1, 3))
    assert Above(1) == Above(1) and Below(1, 2) != Above(1)
    assert Plain(4).x == 4 and Plain(4) == Plain(4) and len({Plain(4), Plain(4)}) == 1


def test_each_is_compiled_once(compiled: list[str]) -> None:
    @dataclasses.dataclass
    class Point:
        x: int

        def __post_init__(self) -> None:
            self.x += 1

    assert [Point(n).x for n in range(3)] == [1, 2, 3]
    assert {repr(Point(n)) for n in range(3)} and compiled == ["__init__", "__repr__"]
    assert Point.__init__.__qualname__.endswith("Point.__init__")


_START = """
import sys
sys.argv = ["vmdesk/__main__.py"]
import vmdesk.__main__
from vmdesk.model.uri import Uri
before = Uri.__eq__.__code__.co_name
Uri.__eq__(Uri("test"), Uri("test"))
print(before, Uri.__eq__.__code__.co_name)
"""


def test_the_program_puts_them_off() -> None:
    done = subprocess.run([sys.executable, "-c", _START], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["method", "__eq__"]
