"""The text console without a window."""

import os
import random
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdesk.console import text
from vmdesk.console.terminal import keys
from vmdesk.console.terminal.keys import KeyModes, Mods
from vmdesk.console.terminal.line import HEAVIEST, History, Line, Style
from vmdesk.console.terminal.log import Log
from vmdesk.console.text import EMPTY, Place, Span, Terminal


def shown(terminal: Terminal) -> list[str]:
    """The screen's lines without the empty ones at its end."""
    found = [terminal.line(terminal.top + y).text for y in range(terminal.lines)]
    while found and not found[-1]:
        found.pop()
    return found


def made(data: str | bytes = "", columns: int = 20, lines: int = 6, scrollback: int = 100) -> Terminal:
    terminal = Terminal(columns, lines, scrollback)
    say(terminal, data)
    return terminal


def say(terminal: Terminal, data: str | bytes) -> None:
    terminal.feed(data.encode() if isinstance(data, str) else data)
    assert not terminal.advance()


# -- what is shown


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("hello\r\nworld", ["hello", "world"]),
        ("a\tb", ["a       b"]),
        ("abc\b\bX", ["aXc"]),
        ("abc\rX", ["Xbc"]),
        ("\x1b[3;5Hx", ["", "", "    x"]),
        ("abcdef\x1b[4D\x1b[2P", ["abef"]),
        ("abcdef\x1b[4D\x1b[2@", ["ab  cdef"]),
        ("abcdef\x1b[4D\x1b[2X", ["ab  ef"]),
        ("abcdef\x1b[4D\x1b[K", ["ab"]),
        ("abcdef\x1b[4D\x1b[1K", ["   def"]),
        ("abcdef\x1b[2K", []),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[J", ["a"]),
        ("a\r\nb\r\nc\x1b[2;2H\x1b[1J", ["", "", "c"]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[M", ["a", "c"]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[L", ["a", "", "b", "c"]),
        ("a\r\nb\r\nc\x1b[2J", []),
        ("\x1b(0lqk\x1b(Bx", ["┌─┐x"]),  # DEC line drawing, as newt and dialog use it
        ("\x0elqk\x0fx", ["┌─┐x"]),
        ("\x1b[?1049hsecret\x1b[?1049lback", ["back"]),
        ("ab\x1b7cd\x1b8X\x1b8Y", ["abYd"]),
        ("\x1b[31mred\x1b[m", ["red"]),
        ("x\x1b[5b", ["xxxxxx"]),
        ("a\x1b[4hb\b\bX", ["Xab"]),
        ("caf\u0065\u0301", ["café"]),
        ("日本\x1b[3DX", [" X本"]),
        ("one\x1bcSecond", ["Second"]),
        ("\x1b]0;title\x07x", ["x"]),
        ("\x1bP1$r0m\x1b\\x", ["x"]),
        ("\x1b_hidden\x1b\\x", ["x"]),
        ("\x1b]P0aabbccx", ["x"]),
        ("\x1b[1?2hx\x1b[31\x18x\x1b[31\rx\x1b(\x1b[mx", ["xx"]),
        ("\x1b[>4;2mx\x1b[=0cx\x1b[?1;2cx", ["xxx"]),
        ("a\x00b\x7fc", ["abc"]),
        ("\x1b[2;4r\x1b[4;1Ha\r\nb\r\nc\r\nd", ["", "b", "c", "d"]),
        ("\x1b[6;1Hx\x1b[2;4r\x1b[6;1H\r\ny", ["", "", "", "", "", "y"]),
        ("a\r\nb\x1b[S", ["b"]),
        ("a\r\nb\x1b[T", ["", "a", "b"]),
        ("\x1b[999;999Hx", ["", "", "", "", "", " " * 19 + "x"]),
    ],
)
def test_sequences(data: str, lines: list[str]) -> None:
    assert shown(made(data)) == lines
    pieces = Terminal(20, 6)
    for byte in data.encode():  # cut anywhere, it is the same
        say(pieces, bytes([byte]))
    assert shown(pieces) == lines


def test_half_of_a_wide_character_is_none() -> None:
    assert shown(made("日本\x1b[1;2HX")) == [" X本"]
    assert shown(made("日本\x1b[1;3HX")) == ["日X"]
    assert shown(made("日本\x1b[1;2H\x1b[K")) == []
    assert shown(made("日本\x1b[1;4H\x1b[1K")) == []
    assert shown(made("日本\x1b[1;2H\x1b[P")) == [" 本"]


def test_colours_and_looks() -> None:
    line = made("\x1b[1;31mA\x1b[0;7mB\x1b[38;5;208mC\x1b[0;48;2;1;2;3mD\x1b[m\x1b[95mE\x1b[38:2::9:8:7mF").line(0)
    styles = [style for *_, style in line.runs()]
    assert styles == [
        Style(fg="red", bold=True),
        Style(reverse=True),
        Style(fg="ff8700", reverse=True),
        Style(bg="010203"),
        Style(fg="brightmagenta"),
        Style(fg="090807"),
    ]
    assert made("\x1b[105mx").line(0).styles == (Style(bg="brightmagenta"),)
    for nonsense in ("38;2;9999;9999;9999", "38;5;9999", "38", "38;5", "38;2;1", "9999;;;", "38:2", "4:3:3:3"):
        for style in made(f"\x1b[{nonsense}mx").line(0).styles:
            assert style.fg == "default" or len(style.fg) == 6


def test_erasing_takes_the_background_to_the_edge() -> None:
    terminal = made("\x1b[44m\x1b[2J\x1b[3;3Hhi")
    line = terminal.line(terminal.top + 2)
    assert line.width == 20
    assert {style.bg for style in line.styles} == {"blue"}
    say(terminal, "\x1b[m\x1b[2J")
    assert shown(terminal) == []


def test_wrapping() -> None:
    terminal = made("x" * 45)
    assert [terminal.line(n).wrapped for n in range(3)] == [True, True, False]
    assert terminal.text(terminal.paragraph(1)) == "x" * 45
    assert shown(made("\x1b[?7l" + "a" * 19 + "bcd")) == ["a" * 19 + "d"]
    # The cursor waits after the last column before it wraps.
    assert shown(made("x" * 20 + "\r\ny")) == ["x" * 20, "y"]


def test_history() -> None:
    terminal = made("".join(f"line {n}\r\n" for n in range(200)), scrollback=50)
    assert (terminal.top - terminal.first, terminal.end - terminal.top) == (50, 6)
    assert terminal.line(terminal.top - 1).text == "line 194"
    assert terminal.line(terminal.first).text == "line 145"
    assert terminal.line(0) is EMPTY and terminal.line(10_000) is EMPTY
    terminal.set_scrollback(10)
    assert terminal.top - terminal.first == 10
    say(terminal, "\x1b[3J")
    assert terminal.top == terminal.first
    assert shown(terminal)[0] == "line 195"


def test_what_a_rebooting_machine_said_last_is_kept() -> None:
    terminal = made("Kernel panic\r\n\x1bc\x1b[2JSeaBIOS\r\n\x1b[2JGRUB")
    said = terminal.text(terminal.everything).rstrip("\n").split("\n")
    assert [line for line in said if line] == ["Kernel panic", "SeaBIOS", "GRUB"]


def test_a_program_with_the_screen_for_itself_leaves_no_history() -> None:
    terminal = made("$ vi\r\n\x1b[?1049h" + "".join(f"{n}\r\n" for n in range(50)))
    assert terminal.second and terminal.top == 0
    say(terminal, "\x1b[?1049lend")
    assert not terminal.second and shown(terminal) == ["$ vi", "end"]


def test_answers() -> None:
    said: list[bytes] = []
    terminal = Terminal(80, 24, reply=said.append)
    say(terminal, "\x1b[5;7H\x1b[6n\x1b[5n\x1b[c\x1b[18t\x1b[999;999H\x1b[6n\x1b[?6h\x1b[6n")
    assert said == [b"\x1b[5;7R", b"\x1b[0n", b"\x1b[?6c", b"\x1b[8;24;80t", b"\x1b[24;80R", b"\x1b[1;1R"]
    said.clear()
    say(terminal, "\x1b[6n" * 10_000)
    assert len(said) <= 64 * 10


def test_nothing_that_the_guest_wrote_is_sent_back() -> None:
    said: list[bytes] = []
    terminal = Terminal(reply=said.append)
    say(terminal, "\x1b]0;rm -rf ~\r\x07\x1b[21t\x1b[20t\x1b]52;c;?\x07\x1bP+q544e\x1b\\\x1b]4;1;?\x07\x05")
    assert said == []
    assert terminal.title == "rm -rf ~"


def test_bell_and_cursor() -> None:
    rung: list[None] = []
    terminal = Terminal(ring=lambda: rung.append(None))
    say(terminal, "\x07\x07\x1b[?25l")
    assert len(rung) == 2 and terminal.cursor_hidden
    say(terminal, "\x1b[?25h\x1b[5;6H\x1b[?5h")
    assert not terminal.cursor_hidden and terminal.cursor == Place(4, 5) and terminal.reversed


def test_dirty_lines() -> None:
    terminal = made("")
    terminal.take_dirty()
    say(terminal, "\x1b[3;1Hx")
    assert terminal.take_dirty() == {2}
    assert terminal.take_dirty() == frozenset()
    say(terminal, "\x1b[2;4r\x1b[4;1H\n")
    assert terminal.take_dirty() == {1, 2, 3}


# -- size


def test_resize_keeps_what_is_written() -> None:
    terminal = made("".join(f"{n}\r\n" for n in range(4)) + "$ ", lines=6)
    terminal.resize(20, 3)
    assert shown(terminal) == ["2", "3", "$"]
    assert terminal.text(terminal.everything).rstrip("\n").split("\n") == ["0", "1", "2", "3", "$"]
    assert terminal.cursor == Place(terminal.top + 2, 2)
    terminal.resize(40, 10)
    assert (terminal.columns, terminal.lines) == (40, 10)
    say(terminal, "\x1b[999;999Hx")
    assert len(shown(terminal)) == 10
    terminal.resize(0, 10**9)
    assert (terminal.columns, terminal.lines) == text.allowed(0, 10**9) == (2, 200)


def test_resize_below_a_program_with_the_screen_for_itself() -> None:
    terminal = made("a\r\nb\r\nc\r\nd\x1b[?1049hfull")
    terminal.resize(20, 2)
    say(terminal, "\x1b[?1049l!")
    assert shown(terminal) == ["c", "d!"]


def test_the_guest_cannot_choose_the_size() -> None:
    terminal = made("\x1b[?3h\x1b[8;100;200t\x1b[?3l")
    assert (terminal.columns, terminal.lines) == (20, 6)


# -- selecting and searching


def test_selection() -> None:
    terminal = made("one two   \r\nthree /etc/fstab four\r\nfive", columns=30)
    assert terminal.text(Span(Place(0, 4), Place(2, 3))) == "two\nthree /etc/fstab four\nfiv"
    word = terminal.word(Place(1, 8))
    assert terminal.text(word) == "/etc/fstab"
    assert terminal.text(terminal.word(Place(0, 3))) == " "
    assert terminal.text(Span(Place(-5, 0), Place(99, 0))).startswith("one two\n")
    assert made("日本語 x").word(Place(0, 3)) == Span(Place(0, 0), Place(0, 6))


def test_search() -> None:
    terminal = made("Alpha\r\nbeta\r\n" + "x" * 18 + "needle" + "\r\nBETA", scrollback=3)
    assert terminal.find("beta") == [Span(Place(1, 0), Place(1, 4)), Span(Place(4, 0), Place(4, 4))]
    assert terminal.find("beta", match_case=True) == [Span(Place(1, 0), Place(1, 4))]
    (over,) = terminal.find("needle")
    assert over == Span(Place(2, 18), Place(3, 4)) and terminal.text(over) == "needle"
    assert over.on(2, 20) == (18, 20) and over.on(3, 20) == (0, 4) and over.on(4, 20) is None
    assert terminal.find("") == [] == terminal.find("a.pha")
    assert made("日本 x").find("x") == [Span(Place(0, 5), Place(0, 6))]


def test_search_ends() -> None:
    terminal = Terminal(200, 50, 5000)
    say(terminal, b"a" * 900_000)
    started = time.monotonic()
    assert len(terminal.find("a")) == text.MOST_FOUND
    assert len(terminal.find("aab")) == 0
    assert time.monotonic() - started < 5


# -- keys


@pytest.mark.parametrize(
    ("name", "mods", "modes", "sent"),
    [
        ("up", Mods.NONE, KeyModes(), b"\x1b[A"),
        ("up", Mods.NONE, KeyModes(cursor=True), b"\x1bOA"),
        ("up", Mods.CTRL, KeyModes(cursor=True), b"\x1b[1;5A"),
        ("home", Mods.NONE, KeyModes(), b"\x1b[H"),
        ("end", Mods.NONE, KeyModes(cursor=True), b"\x1bOF"),
        ("f1", Mods.NONE, KeyModes(), b"\x1bOP"),
        ("f4", Mods.SHIFT, KeyModes(), b"\x1b[1;2S"),
        ("f5", Mods.NONE, KeyModes(), b"\x1b[15~"),
        ("f12", Mods.ALT, KeyModes(), b"\x1b[24;3~"),
        ("f20", Mods.NONE, KeyModes(), b"\x1b[34~"),
        ("insert", Mods.NONE, KeyModes(), b"\x1b[2~"),
        ("delete", Mods.CTRL, KeyModes(), b"\x1b[3;5~"),
        ("page-up", Mods.NONE, KeyModes(), b"\x1b[5~"),
        ("enter", Mods.NONE, KeyModes(), b"\r"),
        ("enter", Mods.NONE, KeyModes(newline=True), b"\r\n"),
        ("enter", Mods.ALT, KeyModes(), b"\x1b\r"),
        ("tab", Mods.NONE, KeyModes(), b"\t"),
        ("tab", Mods.SHIFT, KeyModes(), b"\x1b[Z"),
        ("backspace", Mods.NONE, KeyModes(), b"\x7f"),
        ("backspace", Mods.CTRL, KeyModes(), b"\x08"),
        ("backspace", Mods.NONE, KeyModes(backspace=b"\x08"), b"\x08"),
        ("escape", Mods.NONE, KeyModes(), b"\x1b"),
        ("nothing", Mods.NONE, KeyModes(), b""),
    ],
)
def test_keys(name: str, mods: Mods, modes: KeyModes, sent: bytes) -> None:
    assert keys.key(name, mods, modes) == sent


def test_every_named_key_sends_something_of_its_own() -> None:
    sent = [keys.key(name) for name in keys.NAMES]
    assert all(sent) and len(set(sent)) == len(sent)


@pytest.mark.parametrize(
    ("typed", "mods", "sent"),
    [
        ("a", Mods.NONE, b"a"),
        ("A", Mods.SHIFT, b"A"),
        ("c", Mods.CTRL, b"\x03"),
        ("[", Mods.CTRL, b"\x1b"),
        ("]", Mods.CTRL, b"\x1d"),
        (" ", Mods.CTRL, b"\x00"),
        ("_", Mods.CTRL | Mods.SHIFT, b"\x1f"),
        ("x", Mods.ALT, b"\x1bx"),
        ("c", Mods.CTRL | Mods.ALT, b"\x1b\x03"),
        ("ế", Mods.NONE, "ế".encode()),
        ("", Mods.ALT, b""),
        ("\ud800", Mods.NONE, b""),
    ],
)
def test_typing(typed: str, mods: Mods, sent: bytes) -> None:
    assert keys.character(typed, mods) == sent


def test_modes_come_from_the_guest() -> None:
    terminal = made("\x1b[?1h\x1b[?2004h\x1b[20h")
    assert terminal.key("up") == b"\x1bOA"
    assert terminal.key("enter") == b"\r\n"
    assert terminal.paste("a\nb") == b"\x1b[200~a\rb\x1b[201~"
    say(terminal, "\x1b[!p")
    assert terminal.key("up") == b"\x1b[A" and terminal.paste("a\nb") == b"a\rb"


def test_a_paste_cannot_give_commands() -> None:
    bracketed = KeyModes(bracketed=True)
    sent = keys.paste("ls\x1b[201~\nrm\x03 x\x9b\x7f\tä\r\n", bracketed)
    assert sent == b"\x1b[200~ls[201~\rrm x\t\xc3\xa4\r\x1b[201~"
    assert keys.paste("", bracketed) == b""


# -- log


def test_log(tmp_path: Path) -> None:
    plain, raw = tmp_path / "plain.log", tmp_path / "raw.log"
    terminal = Terminal()
    terminal.log_to(plain)
    assert terminal.log_file == plain
    for byte in b"\x1b[31mred\x1b[0m\r\nnext\x1b]0;title\x07 line\r\n":
        terminal.feed(bytes([byte]))
    terminal.log_to(raw, raw=True)
    terminal.feed(b"\x1b[1mbold")
    terminal.log_to(None)
    wait(lambda: raw.read_bytes() == b"\x1b[1mbold")
    wait(lambda: plain.read_bytes() == b"red\nnext line\n")
    assert stat.S_IMODE(plain.stat().st_mode) == 0o600


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_log_begins_a_new_file_when_it_is_large(tmp_path: Path) -> None:
    file = tmp_path / "x.log"
    log = Log(file, raw=True, largest=1000)
    for _ in range(30):
        log.write(b"x" * 100)
    log.close(5)
    assert file.stat().st_size <= 1000 and (tmp_path / "x.log.1").stat().st_size <= 1000


def test_log_where_none_can_be(tmp_path: Path) -> None:
    os.symlink("/dev/null", tmp_path / "link")
    for bad in (tmp_path / "link", tmp_path, tmp_path / "no" / "where"):
        with pytest.raises(OSError, match="Errno"):
            Terminal().log_to(bad)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_log_on_a_full_disk_says_so() -> None:
    failed: list[OSError] = []
    log = Log(Path("/dev/full"), failed=failed.append)
    log.write(b"x")
    wait(lambda: bool(failed))
    for _ in range(2000):
        log.write(b"x")
    log.close(0.1)


# -- hostile output


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b[" + b"9" * 100_000 + b"A",
        b"\x1b[" + b"1;" * 100_000 + b"m",
        b"\x1b]0;" + b"x" * 1_000_000,
        b"\x1bP" + b"x" * 1_000_000,
        b"\x1b7" * 100_000,
        b"e" + "\u0301".encode() * 100_000,
        b"\x1b#8" * 20_000,
        b"\x1b[?5h\x1b[?5l" * 20_000,
        b"\x1b[2J" * 20_000,
        b"\x1b[44m\x1b[2J" * 20_000,
        b"\x1b[9999L\x1b[9999M\x1b[9999@\x1b[9999P\x1b[9999X\x1b[9999b" * 1000,
        b"\x1b[9999S\x1b[9999T\x1b[9999I\x1b[9999Z" * 1000,
        b"\x1b[?1049h\x1b[?1049l" * 20_000,
        b"\x1bc" * 20_000,
        b"\n" * 100_000,
        b"\x1b[6n" * 100_000,
        b"\xff" * 100_000,
        b"\x1b" * 100_000,
        b"\x07" * 100_000,
        b"\x1b[?9999h" * 1000,
        "\u202e\u200b\u2066x".encode() * 10_000,
    ],
)
def test_hostile_output_takes_short_turns(data: bytes) -> None:
    """Each turn ends when its time is up, and all of it ends."""
    terminal = Terminal(200, 60, 1000)
    terminal.feed(data)
    longest, started, more = 0.0, time.monotonic(), True
    while more:
        before = time.perf_counter()
        more = terminal.advance(0.005)
        longest = max(longest, time.perf_counter() - before)
        assert time.monotonic() - started < 60
    assert longest < 0.25
    say(terminal, b"\x18\x1b\\\x1b[?1049l\x1bc\x1b[2J\x1b[Halive")
    assert shown(terminal) == ["alive"]


def test_no_sequence_crashes(reps: Callable[[int], int]) -> None:
    """Real sequences, cut and mixed at random, in all sizes: never an error, never a line too long or too many."""
    parts = [b"\x1b[", b"\x1b", b"\x9b", b"\x1b]", b"?", b";", b":", b"!", b">", b" ", b"\r", b"\n", b"\t", b"\x08"]
    parts += [b"%d" % number for number in (0, 1, 2, 3, 5, 6, 7, 18, 24, 25, 38, 47, 1047, 1048, 1049, 2004, 9999)]
    parts += [bytes([byte]) for byte in range(64, 127)] + [b"(0", b")B", b"#8", b"\x0e", b"\x0f", b"\x18", b"\x1b\\"]
    parts += ["日".encode(), "\u0301".encode(), "é".encode(), b"\xe6", b"\xff", b"word ", b"x" * 50]
    for _ in range(reps(200)):
        terminal = Terminal(random.randint(1, 90), random.randint(1, 40), random.randint(0, 60))
        for _ in range(20):
            terminal.feed(b"".join(random.choices(parts, k=60)))
            terminal.advance()
            if random.random() < 0.2:
                terminal.resize(random.randint(0, 300), random.randint(0, 90))
            assert terminal.first <= terminal.top < terminal.end
            assert terminal.top - terminal.first <= 60
            cursor = terminal.cursor
            assert terminal.top <= cursor.line < terminal.end and 0 <= cursor.column < terminal.columns
            for y in range(terminal.lines):
                line = terminal.line(terminal.top + y)
                assert line.width <= terminal.columns
                assert len(line.starts) == len(line.styles)
            assert all(0 <= y < terminal.lines for y in terminal.take_dirty())
            terminal.find("x")
            terminal.text(terminal.everything).rstrip("\n")


def test_what_cannot_be_shown_in_time_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST_WAITING", 100_000)
    terminal = Terminal(80, 24, 100)
    for n in range(3000):
        terminal.feed(b"line %d " % n * 10 + b"\r\n")
    terminal.advance()
    said = terminal.text(terminal.everything).rstrip("\n")
    assert "left out" in said or terminal.first > 0
    assert "line 2999" in said


def test_history_has_a_weight() -> None:
    history = History(10**9)
    heavy = Line("x" * 500, tuple(range(500)), (Style(),) * 500)
    for _ in range(2000):
        history.append(heavy)
    assert len(history) * 500 * 200 < HEAVIEST
    assert history.end == 2000


def test_fast_enough() -> None:
    """A megabyte of a compiler's output, coloured; far from exact, so that a busy machine passes."""
    terminal = Terminal(120, 40)
    started = time.process_time()
    say(terminal, b"  CC [M]  \x1b[32mdrivers/net/ethernet/file.o\x1b[0m and some more words to fill it\r\n" * 12_000)
    assert time.process_time() - started < 10
