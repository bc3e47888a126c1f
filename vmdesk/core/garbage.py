"""Garbage is collected by the main thread alone. Python would do it in whichever thread makes the next object, and a
cycle that holds something of Qt (a timer, a menu) would then be destroyed in a thread that is not Qt's: a crash.

A machine is some sixty objects that stay for as long as it is there and go without a collector's help. Looking through
those of a large host again and again would hold up the window for what can be seen (60 ms at 5,000 machines).
"""

import asyncio
import gc
from collections.abc import Callable

EVERY = 5.0  # seconds
MIDDLE, WHOLE = 6, 60  # so many rounds go to a look at older objects, and at all
MANY = 100  # machines more than there were: a host was listed, and its first readings are in one round later


async def collect(machines: Callable[[], int] = lambda: 0) -> None:
    """For ever, on the thread that runs it. Nothing is collected anywhere else from now on.

    machines  how many there are: what came with many new ones is set aside, until half of them have gone
    """
    gc.disable()
    turn = settled = arriving = 0
    while True:
        await asyncio.sleep(EVERY)
        turn += 1
        there = machines()
        if there >= settled + MANY:
            settled, arriving = there, 2
        elif there * 2 < settled:
            settled = there
            gc.unfreeze()
        if arriving:
            arriving -= 1
            gc.freeze()
        else:
            gc.collect(2 if turn % WHOLE == 0 else 1 if turn % MIDDLE == 0 else 0)
