"""Keys by number, by name and as text."""

import pytest

from vmdesk.console import keys
from vmdesk.model.errors import VirtError


def test_numbers_of_the_keyboard() -> None:
    assert keys.qnum_of(30) == 30  # a
    assert keys.qnum_of(103) == 0xC8  # up: e0 48
    assert keys.qnum_of(97) == 0x9D  # right ctrl: e0 1d
    assert keys.qnum_of(0) == keys.qnum_of(84) == keys.qnum_of(700) == 0
    assert all(0 < qnum < 256 for qnum in keys.EVDEV_TO_QNUM.values())
    assert len(set(keys.EVDEV_TO_QNUM.values())) == len(keys.EVDEV_TO_QNUM)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("ctrl-alt-f2", (0x1D, 0x38, 0x3C)),
        ("Ctrl+Alt+Delete", (0x1D, 0x38, 0xD3)),
        ("ctrl-alt-del", (0x1D, 0x38, 0xD3)),
        ("alt-sysrq-b", (0x38, 0x54, 0x30)),
        ("super-l", (0xDB, 0x26)),
        ("page_up", (0xC9,)),
        ("f12", (0x58,)),
        ("kp5", (0x4C,)),
        ("a-a", (0x1E,)),
    ],
)
def test_names(names: str, expected: tuple[int, ...]) -> None:
    assert keys.parse(names) == expected
    assert keys.parse(keys.named(expected)) == expected


@pytest.mark.parametrize("names", ["", "ctrl-", "ctrl-alt-nonsense", "é", "!", "-"])
def test_names_that_are_none(names: str) -> None:
    with pytest.raises(VirtError) as refused:
        keys.parse(names)
    assert refused.value.problem.name == "unknown-key"


def test_a_chord_is_let_go_backwards() -> None:
    assert keys.chord((1, 2)) == [(1, True), (2, True), (2, False), (1, False)]


def _written(strokes: tuple[keys.Stroke, ...], layout: str) -> str:
    """What a guest of that layout makes of the strokes."""
    back = {(key.qnum, key.shift, key.altgr): char for char, key in keys.LAYOUTS[layout].items()}
    held: set[int] = set()
    text = ""
    for qnum, down in strokes:
        if qnum in (keys.SHIFT, keys.ALTGR):
            assert (qnum in held) != down, "pressed twice or let go twice"
            (held.add if down else held.remove)(qnum)
        elif down:
            text += back[qnum, keys.SHIFT in held, keys.ALTGR in held]
    assert not held, "left pressed"
    return text


@pytest.mark.parametrize("layout", list(keys.LAYOUTS))
def test_every_character_of_a_layout(layout: str) -> None:
    text = "".join(keys.LAYOUTS[layout])
    plan = keys.plan(text, layout)
    assert plan.missing == ""
    assert _written(plan.strokes, layout) == text


def test_all_of_ascii_on_an_english_keyboard() -> None:
    text = "".join(map(chr, range(32, 127)))
    for layout in ("us", "gb"):
        assert keys.plan(text, layout).missing == ""


def test_what_cannot_be_typed_is_named_once_and_left_out() -> None:
    plan = keys.plan("aéb€é\r\nc\rd", "us")
    assert plan.missing == "é€"
    assert _written(plan.strokes, "us") == "ab\nc\nd"


def test_symbols() -> None:
    assert keys.keysym(0x1E, False) == ord("a") and keys.keysym(0x1E, True) == ord("A")
    assert keys.keysym(0x02, True) == ord("!")
    assert keys.keysym(0xC8, True) == 0xFF52
    assert keys.keysym(0x3B, False) == 0xFFBE
    assert keys.keysym(0x7F, False) == 0
