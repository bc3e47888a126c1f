"""A guest that beeps is heard, over each protocol; one that listens hears what is said, while it may."""

import array
import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.listener import Recorder
from tests.fakes.soundcard import FakeCard
from tests.live.test_screens_live import Bench
from tests.testbed.guests import Guests, wait_for
from tests.testbed.listening import listening_sector
from vmdesk.console import keys
from vmdesk.console.sound import Microphone
from vmdesk.console.spice import Address, Display, SpiceBackend
from vmdesk.core.sound import Hearing, MachineSound
from vmdesk.core.typist import type_strokes
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
    ups = sum(1 for before, after in pairwise(samples) if before < 0 <= after)
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


class Voice(FakeCard):
    """A microphone into which somebody shouts."""

    def __init__(self) -> None:
        super().__init__()
        self.go.clear()
        self.says = b"\x00\x60" * 48 + b"\x00\xa0" * 48


class Ears(Recorder):
    """A listener with a microphone."""

    def __init__(self) -> None:
        super().__init__()
        self.microphone = Microphone("guest", lambda: None, Voice().open)
        self.record_begin = self.microphone.record_begin
        self.record_end = self.microphone.record_end


@contextmanager
def listening_guest(folder: Path) -> Iterator[tuple[int, Callable[[], str]]]:
    """A QEMU with SPICE on a port of this computer: the port, and what the guest hears now."""
    disk, heard = folder / "listening.img", folder / "heard"
    disk.write_bytes(listening_sector().ljust(1 << 20, b"\0"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [
        "qemu-system-x86_64", "-accel", "tcg", "-m", "32", "-nodefaults", "-display", "none", "-vga", "std",
        "-drive", f"file={disk},format=raw", "-serial", f"file:{heard}", "-audiodev", "spice,id=a",
        "-device", "AC97,audiodev=a", "-spice", f"addr=127.0.0.1,port={port},disable-ticketing=on",
    ]  # fmt: skip
    process = subprocess.Popen(program, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: heard.exists() and heard.stat().st_size > 40, "the guest listens", 60)
        yield port, lambda: heard.read_text()[-10:]
    finally:
        process.kill()
        process.communicate()


def test_a_guest_hears_only_while_it_may(tmp_path: Path) -> None:
    """Over SPICE by host and port, where its library would connect the channel by itself."""

    async def test(port: int, heard: Callable[[], str]) -> None:
        told = Ears()
        backend = SpiceBackend(Display(Address("127.0.0.1", port)), told)
        await backend.open()

        async def until(words: str) -> None:
            end = time.monotonic() + 30
            while heard() != words:
                assert time.monotonic() < end, heard()
                await asyncio.sleep(0.05)

        backend.sound(True)
        await asyncio.sleep(2)
        assert heard() == "." * 10, "it heard without being allowed to"
        assert not told.microphone.listening
        for _ in range(2):
            backend.microphone(True)
            await until("H" * 10)
            assert told.microphone.listening
            backend.microphone(False)
            await until("." * 10)
            assert not told.microphone.listening
        backend.close()
        await asyncio.to_thread(told.wait, lambda told: told.ends)

    loop.start()
    with listening_guest(tmp_path) as (port, heard):
        asyncio.run(test(port, heard))


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
