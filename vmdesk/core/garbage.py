"""Garbage is collected by the main thread alone. Python would do it in whichever thread makes the next object, and a
cycle that holds something of Qt (a timer, a menu) would then be destroyed in a thread that is not Qt's: a crash.
"""

import asyncio
import gc

EVERY = 5.0  # seconds
MIDDLE, WHOLE = 6, 60  # so many rounds go to a look at older objects, and at all


async def collect() -> None:
    """For ever, on the thread that runs it. Nothing is collected anywhere else from now on."""
    gc.disable()
    turn = 0
    while True:
        await asyncio.sleep(EVERY)
        turn += 1
        gc.collect(2 if turn % WHOLE == 0 else 1 if turn % MIDDLE == 0 else 0)
