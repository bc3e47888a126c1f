"""Typing for somebody: key strokes at a speed that guests can follow."""

import asyncio
from collections.abc import Callable, Iterable

from vmdesk.console.keys import Stroke, chord, parse

PAUSE = 0.012  # seconds between strokes: a PC's keyboard keeps 16 of them
HOLD = 0.05  # seconds for which a combination is held

Send = Callable[[int, bool], None]


async def type_strokes(send: Send, strokes: Iterable[Stroke], pause: float = PAUSE) -> None:
    """All of them; what is down when it is cancelled is let go."""
    down: dict[int, None] = {}
    try:
        for qnum, pressed in strokes:
            send(qnum, pressed)
            if pressed:
                down[qnum] = None
            else:
                down.pop(qnum, None)
            await asyncio.sleep(pause)
    finally:
        for qnum in reversed(down):
            send(qnum, False)


async def press(send: Send, names: str) -> None:
    """A combination by its names: "ctrl-alt-f2". VirtError "unknown-key"."""
    strokes = chord(parse(names))
    half = len(strokes) // 2
    try:
        for qnum, down in strokes[:half]:
            send(qnum, down)
        await asyncio.sleep(HOLD)
    finally:
        for qnum, down in strokes[half:]:
            send(qnum, down)
