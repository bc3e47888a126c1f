"""How much room the storage pools have left, how that went, and which of them will be full soon."""

import contextlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from vmdesk.core import units
from vmdesk.core.forecast import DAY, SCARCE, SOON, full_in, thinned
from vmdesk.model.storage import Pool
from vmdesk.model.text import Text, text, trn

GAP = 3600.0  # seconds between two samples that are kept
MOST = 14 * DAY
_LARGEST = 4 << 20  # bytes
_POOLS = 1000
Samples = list[tuple[float, float]]


def scarce(pool: Pool) -> bool:
    """Whether less than a tenth of it is left."""
    return pool.active and pool.capacity > 0 and pool.available < SCARCE * pool.capacity


class Room:
    """Samples of (Unix time, bytes left) of each pool, kept in a file so that a trend of days is seen."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._samples: dict[str, Samples] = self._load()

    def saw(self, pools: Iterable[Pool], now: float | None = None) -> None:
        """Remember what is left in those that are on. Written down when there is a new hour of them."""
        now = time.time() if now is None else now
        grown = False
        for pool in pools:
            if not pool.active or not pool.capacity or not pool.uuid:
                continue
            old = self._samples.pop(pool.uuid, [])
            new = thinned([*old, (now, float(pool.available))], now, GAP, MOST)
            self._samples[pool.uuid] = new  # at the end: those that are seen no more are forgotten first
            grown = grown or len(new) > len(old)
        if grown:
            self._save()

    def full_in(self, pool: Pool, now: float | None = None) -> float | None:
        """Seconds until it is full if that goes on; None: it does not fill up, or nobody knows yet."""
        now = time.time() if now is None else now
        return full_in(self._samples.get(pool.uuid, []), now) if pool.active else None

    def low(self, pool: Pool, now: float | None = None) -> Text | None:
        """Why one should look after it; None: all is well."""
        left = self.full_in(pool, now)
        soon = left is not None and left < SOON
        if not scarce(pool) and not soon:
            return None
        size = units.size(pool.available)
        if soon and left is not None:
            days = max(1, round(left / DAY))
            when = trn("in about {n} day", "in about {n} days", days)
            return text(
                "{pool} has {size} left. As it goes now it is full {when}.", pool=pool.name, size=size, when=when
            )
        share = units.percent(100 * pool.available / pool.capacity)
        return text("{pool} has {size} left, {share} of it.", pool=pool.name, size=size, share=share)

    def _load(self) -> dict[str, Samples]:
        try:
            if self._file.stat().st_size > _LARGEST:
                return {}
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return {
                str(uuid): [(float(at), float(left)) for at, left in samples]
                for uuid, samples in list(told.items())[-_POOLS:]
            }
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _save(self) -> None:
        """Where that is not possible a trend is seen only as long as the program runs."""
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        kept = dict(list(self._samples.items())[-_POOLS:])
        with contextlib.suppress(OSError):
            new.write_text(json.dumps(kept), encoding="utf-8")
            new.replace(self._file)
