"""The Tight encoding against a slow model of it."""

import io
import random
from collections.abc import Callable

import pytest
from PIL import Image

from tests.fakes import rfb_server as rfb
from tests.unit.console.vnc.feed import Fed, feed
from vmdesk.console.screen import Rect, Surface

SIZE = (40, 30)
AREA = Rect(3, 2, 21, 17)


def tight(area: Rect, *payloads: bytes) -> Fed:
    rects = [rfb.rect(area.x, area.y, area.width, area.height, 7, payload) for payload in payloads]
    return feed(rfb.update(*rects), size=SIZE, local=False)


def packed(stream: rfb.Stream, data: bytes) -> bytes:
    if len(data) < 12:
        return data
    body = stream.pack(data)
    return rfb.compact(len(body)) + body


def shown(fed: Fed, area: Rect) -> list[tuple[int, int, int]]:
    """The colours (red, green, blue) of the area, row by row."""
    assert fed.problem.name == "eof", fed.problem
    picture = fed.told.picture
    spots = (
        (y * SIZE[0] + x) * 4 for y in range(area.y, area.y + area.height) for x in range(area.x, area.x + area.width)
    )
    return [(picture[spot + 2], picture[spot + 1], picture[spot]) for spot in spots]


def colours(area: Rect) -> list[tuple[int, int, int]]:
    return [tuple(random.randbytes(3)) for _ in range(area.width * area.height)]  # type: ignore[misc]


def test_fill() -> None:
    fed = tight(AREA, b"\x80\x01\x02\x03")
    assert set(shown(fed, AREA)) == {(1, 2, 3)}
    outside = bytearray(fed.told.picture)
    for row in range(AREA.y, AREA.y + AREA.height):
        start = (row * SIZE[0] + AREA.x) * 4
        outside[start : start + AREA.width * 4] = bytes(AREA.width * 4)
    assert not any(outside)


@pytest.mark.parametrize("area", [AREA, Rect(0, 0, 40, 30), Rect(0, 0, 1, 3), Rect(39, 29, 1, 1)])
@pytest.mark.parametrize("control", [b"\x00", b"\x10", b"\x40\x00", b"\x70\x00"])
def test_copy(area: Rect, control: bytes) -> None:
    expected = colours(area)
    fed = tight(area, control + packed(rfb.Stream(), b"".join(map(bytes, expected))))
    assert shown(fed, area) == expected


@pytest.mark.parametrize("count", [2, 3, 200, 256])
def test_palette(count: int) -> None:
    palette = [tuple(random.randbytes(3)) for _ in range(count)]
    numbers = [random.randrange(count) for _ in range(AREA.width * AREA.height)]
    if count == 2:
        rows = [numbers[start : start + AREA.width] for start in range(0, len(numbers), AREA.width)]
        data = b"".join(int("".join(map(str, row)).ljust(24, "0"), 2).to_bytes(3, "big") for row in rows)
    else:
        data = bytes(numbers)
    payload = b"\x40\x01" + bytes([count - 1]) + b"".join(map(bytes, palette)) + packed(rfb.Stream(), data)
    assert shown(tight(AREA, payload), AREA) == [palette[number] for number in numbers]


def test_gradient() -> None:
    expected = colours(AREA)
    width, told = AREA.width, []

    def at(x: int, y: int, part: int) -> int:
        return expected[y * width + x][part] if x >= 0 and y >= 0 else 0

    for y in range(AREA.height):
        for x in range(width):
            for part in range(3):
                guess = at(x - 1, y, part) + at(x, y - 1, part) - at(x - 1, y - 1, part)
                told.append((at(x, y, part) - min(max(guess, 0), 255)) & 255)
    assert shown(tight(AREA, b"\x40\x02" + packed(rfb.Stream(), bytes(told))), AREA) == expected


def test_streams_go_on_and_begin_anew() -> None:
    stream, expected = rfb.Stream(), colours(AREA)
    data = b"".join(map(bytes, expected))
    parts = [b"\x20" + packed(stream, bytes(len(data))), b"\x20" + packed(stream, data)]
    assert shown(tight(AREA, *parts), AREA) == expected
    fresh = b"\x24" + packed(rfb.Stream(), data)
    assert shown(tight(AREA, parts[0], fresh), AREA) == expected
    assert tight(AREA, parts[0], b"\x20" + fresh[1:]).problem.name == "protocol"


def jpeg(width: int, height: int, colour: tuple[int, int, int] = (200, 100, 50), mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).convert(mode).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg(mode: str) -> None:
    data = jpeg(AREA.width, AREA.height, (90, 90, 90), mode)
    found = shown(tight(AREA, b"\x90" + rfb.compact(len(data)) + data), AREA)
    assert all(abs(part - 90) < 6 for colour in found for part in colour)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "payload",
    [
        b"\xa0",
        b"\xf0",
        b"\x40\x03",
        b"\x00" + rfb.compact(2_000_000) + b"x",
        b"\x90" + rfb.compact(4_000_000),
        b"\x90" + rfb.compact(3) + b"abc",
        b"\x90" + rfb.compact(len(jpeg(21, 18))) + jpeg(21, 18),
        b"\x90" + rfb.compact(len(_cut(jpeg(21, 17)))) + _cut(jpeg(21, 17)),
        b"\x90" + rfb.compact(4) + b"\xff\xd8\xff\xff",
        b"\x00" + packed(rfb.Stream(), bytes(AREA.width * AREA.height * 3 + 1)),
        b"\x00" + packed(rfb.Stream(), bytes(10_000_000)),
        b"\x00" + rfb.compact(4) + b"nope",
    ],
)
def test_what_may_not_be_is_refused(payload: bytes) -> None:
    assert tight(AREA, payload).problem.name == "protocol"


def test_too_wide() -> None:
    fed = feed(rfb.update(rfb.rect(0, 0, 2049, 1, 7, b"\x00")), size=(3000, 1), local=False)
    assert fed.problem.name == "protocol"


def test_a_picture_in_many_kinds() -> None:
    """Each rectangle in whichever kind it comes: the surface holds the last one everywhere."""
    makers: list[Callable[[Rect], tuple[bytes, list[tuple[int, int, int]]]]] = [_as_fill, _as_copy]
    model = Surface.blank(*SIZE)
    rects = []
    for _ in range(60):
        x, y = random.randrange(SIZE[0]), random.randrange(SIZE[1])
        area = Rect(x, y, random.randint(1, SIZE[0] - x), random.randint(1, SIZE[1] - y))
        payload, expected = random.choice(makers)(area)
        for number, (red, green, blue) in enumerate(expected):
            spot = ((y + number // area.width) * SIZE[0] + x + number % area.width) * 4
            model.data[spot : spot + 4] = bytes((blue, green, red, 0))
        rects.append(rfb.rect(area.x, area.y, area.width, area.height, 7, payload))
    fed = feed(rfb.update(*rects), size=SIZE, local=False)
    picture = bytearray(fed.told.picture)
    picture[3::4] = bytes(SIZE[0] * SIZE[1])
    assert picture == model.data


def _as_fill(area: Rect) -> tuple[bytes, list[tuple[int, int, int]]]:
    colour = (random.randrange(256), 7, 9)
    return b"\x80" + bytes(colour), [colour] * (area.width * area.height)


def _as_copy(area: Rect) -> tuple[bytes, list[tuple[int, int, int]]]:
    found = colours(area)
    return b"\x01" + packed(rfb.Stream(), b"".join(map(bytes, found))), found
