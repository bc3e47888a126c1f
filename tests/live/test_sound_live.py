"""A guest that beeps is heard: GRUB plays on the PC's loudspeaker, and its tone comes out of ours."""

import array
import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.soundcard import FakeCard
from tests.live.test_screens_live import Bench
from tests.testbed.guests import Guests
from vmdesk.console import keys
from vmdesk.core.sound import Hearing, MachineSound
from vmdesk.core.typist import press, type_strokes
from vmdesk.model.domain import DomainKey
from vmdesk.model.host import HostConfig
from vmdesk.virt import loop

TONE = 880  # Hz
# libvirt 9 knows the loudspeaker as a sound card, but starts it as old QEMUs did.
SPEAKER = (
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
    "<qemu:arg value='-machine'/><qemu:arg value='pcspk-audiodev=audio1'/></qemu:commandline>"
)
VNC = "<graphics type='vnc'><listen type='socket'/><audio id='1'/></graphics><audio id='1' type='none'/>"
SPICE = "<graphics type='spice'><listen type='socket'/></graphics><audio id='1' type='spice'/>"


def tone_of(form: Any, data: bytes) -> float:
    """Hz: how often the first channel crosses zero upwards, over the time in which it is not silent."""
    assert form.bits == 16
    samples = array.array("h", data[: len(data) // form.frame * form.frame])[:: form.channels]
    loud = [place for place, sample in enumerate(samples) if abs(sample) > 500]
    if not loud:
        return 0.0
    samples = samples[loud[0] : loud[-1]]
    ups = sum(1 for before, after in zip(samples, samples[1:]) if before < 0 <= after)
    return ups * form.rate / max(1, len(samples))


@pytest.mark.parametrize(("protocol", "devices"), [("vnc", VNC), ("spice", SPICE)], ids=["vnc", "spice"])
def test_a_beep_is_heard(
    protocol: str,
    devices: str,
    tmp_path: Path,
    system_uri: str,
    make_guest: Guests,
    rescue_cd: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = FakeCard()
    monkeypatch.setattr(MachineSound.__init__, "__defaults__", (card.open, card.open))
    guest = make_guest(
        "beep", iso=rescue_cd, memory=64, devices=f"{devices}<video><model type='vga'/></video>", extra=SPEAKER
    )

    async def test(on: Bench) -> None:
        key = DomainKey("bed", guest.uuid)
        screen = on.screens.hold(key, protocol)
        await screen.first_picture()
        sound = on.screens.sound(key)
        sound.choose(Hearing())
        screen.hear(True)
        backend = screen.backend
        assert backend is not None and backend.protocol == protocol
        await asyncio.sleep(8)
        for typed in ("c", f"play 600 {TONE} 30\n"):
            await type_strokes(backend.key, keys.plan(typed).strokes, 0.02)
            await asyncio.sleep(1)
        await on.until(lambda: len(card.played) > 100_000)
        print(protocol, card.opened[0], len(card.played), tone_of(card.opened[0][0], card.played))
        assert abs(tone_of(card.opened[0][0], card.played) - TONE) < TONE * 0.05
        sound.choose(Hearing(on=False))
        await asyncio.sleep(0.6)
        before = len(card.played)
        await asyncio.sleep(1)
        assert len(card.played) == before, "off is silent at once"
        sound.choose(Hearing())
        await on.until(lambda: len(card.played) > before + 50_000)
        screen.hear(False)
        screen.release()

    run(test, tmp_path, system_uri)


def run(test: Callable[[Bench], Coroutine[Any, Any, None]], folder: Path, uri: str) -> None:
    async def whole() -> None:
        on = Bench(folder)
        on.sessions.add(HostConfig("bed", "bed", uri))
        await on.sessions.connect("bed")
        try:
            await test(on)
        finally:
            on.screens.close()
            await on.sessions.close()
            await on.jobs.close()
        assert not on.bugs

    loop.start()
    asyncio.run(whole())
