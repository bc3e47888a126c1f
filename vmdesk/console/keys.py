"""Keys: from the keyboard's numbers, from names ("ctrl-alt-f2") and from text to QEMU's numbers.

A "qnum" is what QEMU calls a key: its AT scan code (set 1), plus 0x80 if the keyboard sends e0 before it.
Source of the numbers: linux/input-event-codes.h and QEMU's keymap tables.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text

SHIFT, CTRL, ALT, ALTGR, META = 0x2A, 0x1D, 0x38, 0xB8, 0xDB

# Linux's numbers up to 88 are the scan codes themselves, but for 84 (none) and 85.
EVDEV_TO_QNUM: dict[int, int] = {code: code for code in range(1, 89) if code not in (84, 85)} | {
    85: 0x76,  # zenkaku/hankaku
    89: 0x73,  # ro
    90: 0x78,  # katakana
    91: 0x77,  # hiragana
    92: 0x79,  # henkan
    93: 0x70,  # katakana/hiragana
    94: 0x7B,  # muhenkan
    95: 0x5C,  # keypad comma (Japan)
    96: 0x9C,  # keypad enter
    97: 0x9D,  # right ctrl
    98: 0xB5,  # keypad /
    99: 0x54,  # print, sysrq
    100: 0xB8,  # right alt
    101: 0x5B,  # line feed
    102: 0xC7,  # home
    103: 0xC8,  # up
    104: 0xC9,  # page up
    105: 0xCB,  # left
    106: 0xCD,  # right
    107: 0xCF,  # end
    108: 0xD0,  # down
    109: 0xD1,  # page down
    110: 0xD2,  # insert
    111: 0xD3,  # delete
    113: 0xA0,  # mute
    114: 0xAE,  # quieter
    115: 0xB0,  # louder
    116: 0xDE,  # power
    117: 0x59,  # keypad =
    119: 0xC6,  # pause
    121: 0x7E,  # keypad comma
    122: 0x72,  # hangeul
    123: 0x71,  # hanja
    124: 0x7D,  # yen
    125: 0xDB,  # left meta
    126: 0xDC,  # right meta
    127: 0xDD,  # menu
    128: 0xE8,  # stop
    129: 0x85,  # again
    130: 0x86,  # props
    131: 0x87,  # undo
    132: 0x8C,  # front
    133: 0xF8,  # copy
    134: 0x64,  # open
    135: 0x65,  # paste
    136: 0xC1,  # find
    137: 0xBC,  # cut
    138: 0xF5,  # help
    139: 0x9E,  # menu
    140: 0xA1,  # calculator
    142: 0xDF,  # sleep
    143: 0xE3,  # wake up
    155: 0xEC,  # mail
    156: 0xE6,  # bookmarks
    157: 0xEB,  # computer
    158: 0xEA,  # back
    159: 0xE9,  # forward
    163: 0x99,  # next song
    164: 0xA2,  # play, pause
    165: 0x90,  # previous song
    166: 0xA4,  # stop
    172: 0xB2,  # home page
    173: 0xE7,  # refresh
    183: 0x5D,  # f13
    184: 0x5E,  # f14
    185: 0x5F,  # f15
    217: 0xE5,  # search
    226: 0xED,  # media
}


def qnum_of(evdev: int) -> int:
    """The key of Linux's number `evdev` (X11's and Wayland's number minus 8); 0 if QEMU has none."""
    return EVDEV_TO_QNUM.get(evdev, 0)


# ---------------------------------------------------------------- names

_KEYPAD = (0x52, 0x4F, 0x50, 0x51, 0x4B, 0x4C, 0x4D, 0x47, 0x48, 0x49)  # 0 to 9

# The first name of a key is the one we write.
_NAMES: dict[int, tuple[str, ...]] = {
    CTRL: ("ctrl", "control", "leftctrl"),
    0x9D: ("rightctrl", "ctrlr"),
    ALT: ("alt", "leftalt"),
    ALTGR: ("altgr", "rightalt", "altr"),
    SHIFT: ("shift", "leftshift"),
    0x36: ("rightshift", "shiftr"),
    META: ("meta", "super", "win", "cmd", "leftmeta"),
    0xDC: ("rightmeta", "metar"),
    0xDD: ("menu", "compose"),
    0x01: ("esc", "escape"),
    0x1C: ("enter", "return"),
    0x0E: ("backspace", "bksp"),
    0x0F: ("tab",),
    0x39: ("space", "spc"),
    0x3A: ("capslock", "caps"),
    0x45: ("numlock",),
    0x46: ("scrolllock",),
    0x54: ("print", "sysrq", "prtsc", "printscreen"),
    0xC6: ("pause", "break"),
    0xD2: ("insert", "ins"),
    0xD3: ("delete", "del"),
    0xC7: ("home",),
    0xCF: ("end",),
    0xC9: ("pageup", "pgup"),
    0xD1: ("pagedown", "pgdn", "pgdown"),
    0xC8: ("up",),
    0xD0: ("down",),
    0xCB: ("left",),
    0xCD: ("right",),
    0x0C: ("minus",),
    0x0D: ("equal",),
    0x4E: ("kpplus", "plus"),
    0x4A: ("kpminus",),
    0x37: ("kpmultiply",),
    0xB5: ("kpdivide",),
    0x9C: ("kpenter",),
    0x53: ("kpdot",),
    0xDE: ("power",),
    0xDF: ("sleep",),
    **{0x3B + n: (f"f{n + 1}",) for n in range(10)},
    0x57: ("f11",),
    0x58: ("f12",),
    **{code: (f"kp{digit}",) for digit, code in enumerate(_KEYPAD)},
}
_QNUM_OF_NAME = {name: qnum for qnum, names in _NAMES.items() for name in names}


def parse(names: str) -> tuple[int, ...]:
    """The qnums of "ctrl-alt-f2" (or "Ctrl+Alt+F2"), in the order they are pressed.

    A key that writes a character in the US layout goes by that character. VirtError "unknown-key".
    """
    found: list[int] = []
    for name in names.replace("+", "-").split("-"):
        plain = name.strip().lower().replace("_", "")
        key = LAYOUTS["us"].get(plain) if len(plain) == 1 else None
        qnum = _QNUM_OF_NAME.get(plain) or (key.qnum if key and not key.shift else 0)
        if not qnum:
            raise VirtError(
                Problem(
                    text('"{name}" is not the name of a key.', name=name),
                    what_next=text("Write the keys with dashes between: {example}", example="ctrl-alt-f2"),
                    name="unknown-key",
                )
            )
        if qnum not in found:
            found.append(qnum)
    return tuple(found)


def named(qnums: Iterable[int]) -> str:
    """The other way round, for showing and keeping: "ctrl-alt-f2". A key without a name is left out."""
    return "-".join(name for qnum in qnums if (name := _name_of(qnum)))


def _name_of(qnum: int) -> str:
    if qnum in _NAMES:
        return _NAMES[qnum][0]
    return next((char for char, key in LAYOUTS["us"].items() if key.qnum == qnum and not key.shift), "")


# ---------------------------------------------------------------- strokes

Stroke = tuple[int, bool]  # (qnum, down)


def chord(qnums: Iterable[int]) -> list[Stroke]:
    """Press all in order, let go in reverse order."""
    pressed = list(qnums)
    return [(qnum, True) for qnum in pressed] + [(qnum, False) for qnum in reversed(pressed)]


@dataclass(frozen=True, slots=True)
class Key:
    """How a character is typed."""

    qnum: int
    shift: bool = False
    altgr: bool = False


def _layout(plain: str, shifted: str, altgr: str = "") -> dict[str, Key]:
    """A layout from what its keys write, in the order of _ROWS; a space: nothing that can be typed by one stroke."""
    keys = {" ": Key(0x39), "\n": Key(0x1C), "\t": Key(0x0F), "\b": Key(0x0E), "\x1b": Key(0x01)}
    for level, chars in enumerate((plain, shifted, altgr)):
        for qnum, char in zip(_ROWS, chars, strict=False):
            keys.setdefault(char, Key(qnum, level == 1, level == 2))
    return keys


# `1234567890-=  qwertyuiop[]  asdfghjkl;'  \  <  zxcvbnm,./
_ROWS = (0x29, *range(0x02, 0x0E), *range(0x10, 0x1C), *range(0x1E, 0x29), 0x2B, 0x56, *range(0x2C, 0x36))

# Dead keys (^ and ` in German) are left out: what they write depends on the guest's system.
LAYOUTS: dict[str, dict[str, Key]] = {
    "us": _layout(
        "`1234567890-=qwertyuiop[]asdfghjkl;'\\ zxcvbnm,./",
        '~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"| ZXCVBNM<>?',
    ),
    "gb": _layout(
        "`1234567890-=qwertyuiop[]asdfghjkl;'#\\zxcvbnm,./",
        '¬!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~|ZXCVBNM<>?',
        "¦   €",
    ),
    "de": _layout(
        " 1234567890ß qwertzuiopü+asdfghjklöä#<yxcvbnm,.-",
        "°!\"§$%&/()=? QWERTZUIOPÜ*ASDFGHJKLÖÄ'>YXCVBNM;:_",
        "  ²³   {[]}\\ @ €        ~            |      µ",
    ),
    "fr": _layout(
        "²&é\"'(-è_çà)=azertyuiop $qsdfghjklmù*<wxcvbn,;:!",
        " 1234567890°+AZERTYUIOP £QSDFGHJKLM%µ>WXCVBN?./§",
        "   #{[| \\ @]}  €",
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`strokes` type the text; `missing`: its characters that the layout has no key for, each once, left out."""

    strokes: tuple[Stroke, ...]
    missing: str


def plan(typed: str, layout: str = "us") -> Plan:
    """The strokes that type `typed` in a guest whose keyboard layout is `layout` (LAYOUTS)."""
    keys = LAYOUTS[layout]
    strokes: list[Stroke] = []
    missing: dict[str, None] = {}
    held: tuple[int, ...] = ()
    for char in typed.replace("\r\n", "\n").replace("\r", "\n"):
        key = keys.get(char)
        if key is None:
            missing[char] = None
            continue
        wanted = _modifiers(key)
        strokes += _change(held, wanted)
        held = wanted
        strokes += [(key.qnum, True), (key.qnum, False)]
    strokes += _change(held, ())
    return Plan(tuple(strokes), "".join(missing))


def _modifiers(key: Key) -> tuple[int, ...]:
    return ((SHIFT,) if key.shift else ()) + ((ALTGR,) if key.altgr else ())


def _change(held: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[Stroke]:
    yield from ((qnum, False) for qnum in held if qnum not in wanted)
    yield from ((qnum, True) for qnum in wanted if qnum not in held)


# ---------------------------------------------------------------- X11's symbols, for servers that know no scan codes

_KEYSYMS = {
    CTRL: 0xFFE3,
    0x9D: 0xFFE4,
    ALT: 0xFFE9,
    ALTGR: 0xFE03,
    SHIFT: 0xFFE1,
    0x36: 0xFFE2,
    META: 0xFFEB,
    0xDC: 0xFFEC,
    0xDD: 0xFF67,
    0x01: 0xFF1B,
    0x1C: 0xFF0D,
    0x0E: 0xFF08,
    0x0F: 0xFF09,
    0x39: 0x20,
    0x3A: 0xFFE5,
    0x45: 0xFF7F,
    0x46: 0xFF14,
    0x54: 0xFF61,
    0xC6: 0xFF13,
    0xD2: 0xFF63,
    0xD3: 0xFFFF,
    0xC7: 0xFF50,
    0xCB: 0xFF51,
    0xC8: 0xFF52,
    0xCD: 0xFF53,
    0xD0: 0xFF54,
    0xC9: 0xFF55,
    0xD1: 0xFF56,
    0xCF: 0xFF57,
    0x4E: 0xFFAB,
    0x4A: 0xFFAD,
    0x37: 0xFFAA,
    0xB5: 0xFFAF,
    0x9C: 0xFF8D,
    0x53: 0xFFAE,
    **{0x3B + n: 0xFFBE + n for n in range(10)},
    0x57: 0xFFC8,
    0x58: 0xFFC9,
    **{code: 0xFFB0 + digit for digit, code in enumerate(_KEYPAD)},
}
_US = {(key.qnum, key.shift): ord(char) for char, key in LAYOUTS["us"].items() if char > " "} | {
    (0x56, False): 0x3C,
    (0x56, True): 0x3E,
}


def keysym(qnum: int, shift: bool) -> int:
    """X11's symbol for the key in the US layout; 0 if there is none."""
    return _KEYSYMS.get(qnum) or _US.get((qnum, shift), 0)
