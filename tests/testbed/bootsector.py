"""A whole guest in 512 bytes.

It says `GREETING` on screen and serial port, prints a dot a second, echoes what comes in on the serial port, powers off
when ACPI's power button is pressed, and sleeps in between. It needs no disk, no operating system and 1 MiB of memory.
"""

import struct

GREETING = "VMDesk test guest"
_ORIGIN, _TEXT, _LAST, _PACKET = 0x7C00, 0x1A0, 0x1E0, 0x1E4
_BUFFER = 0x8000  # to the end of the segment: what is written


def boot_sector(*, deaf: bool = False, busy: bool = False, writes: bool = False, quick: bool = False) -> bytes:
    """The machine code (16-bit x86).

    `deaf` ignores the power button. `busy` never sleeps: one vCPU at 100 %. `writes` writes 64 further sectors a
    second to the second disk, and prints E instead of the dot when that fails; they begin with their own number (of 64
    sectors the first: 32 bits, little-endian). `quick`: 18 times a second.
    """
    code = Code()
    code.add("31c0 8ed8 8ec0 8ed0 bc", _ORIGIN, "fb")  # ds = es = ss = 0, the stack below the code, interrupts on
    if not deaf:
        code.add("ba0206 b80001 ef")  # PM1 enable (port 602h): the power button
    code.add("be", _ORIGIN + _TEXT)
    code.label("greet")
    code.add("ac 84c0")
    code.jump("74", "main")
    code.call("put")
    code.jump("eb", "greet")
    code.label("main")
    if not deaf:
        code.add("ba0006 ed f6c401")  # PM1 status (port 600h): pressed?
        code.jump("75", "off")
    code.add("bafd03 ec a801")  # serial line status: anything received?
    code.jump("74", "clock")
    code.add("baf803 ec")
    code.call("put")
    code.jump("eb", "main")
    code.label("clock")  # 18 ticks of the BIOS clock are a second
    code.add("a16c04 2b06", _ORIGIN + _LAST, "3d0100" if quick else "3d1200")
    code.jump("72", "sleep")
    code.add("a16c04 a3", _ORIGIN + _LAST, "b02e")
    if writes:
        code.add("66a1", _ORIGIN + _PACKET + 8, "66a3", _BUFFER)
        code.add("b80043 b281 be", _ORIGIN + _PACKET, "cd13 b02e")  # int 13h, extended write; mov keeps the carry flag
        code.jump("73", "wrote")
        code.add("b045")
        code.label("wrote")
        code.add("668106", _ORIGIN + _PACKET + 8, struct.pack("<I", 64).hex())
    code.call("put")
    code.label("sleep")
    code.add("90" if busy else "f4")
    code.jump("eb", "main")
    code.label("off")
    code.add("ba0406 b80020 ef")  # PM1 control (port 604h): sleep type 0, which is S5, now
    code.jump("eb", "main")
    code.label("put")  # al to the screen and to the serial port
    code.add("50 b40e bb0700 cd10 bafd03")
    code.label("full")
    code.add("ec a820")
    code.jump("74", "full")
    code.add("58 baf803 ee c3")

    sector = bytearray(512)
    program = code.assembled()
    assert len(program) <= _TEXT
    sector[: len(program)] = program
    text = f"{GREETING}\r\n".encode() + b"\0"
    sector[_TEXT : _TEXT + len(text)] = text
    sector[_PACKET : _PACKET + 16] = struct.pack("<BBHHHQ", 16, 0, 64, _BUFFER, 0, 0)  # 64 sectors
    sector[510:] = b"\x55\xaa"
    return bytes(sector)


class Code:
    """Bytes with labels."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, str, int]] = []

    def add(self, *parts: str | int) -> None:
        """Hex text as it stands, numbers as 16-bit words."""
        for part in parts:
            self._bytes += struct.pack("<H", part) if isinstance(part, int) else bytes.fromhex(part)

    def label(self, name: str) -> None:
        self._labels[name] = len(self._bytes)

    def jump(self, opcode: str, label: str, size: int = 1) -> None:
        self.add(opcode)
        self._jumps.append((len(self._bytes), label, size))
        self._bytes += bytes(size)

    def call(self, label: str) -> None:
        self.jump("e8", label, 2)

    def assembled(self) -> bytes:
        for at, label, size in self._jumps:
            self._bytes[at : at + size] = (self._labels[label] - at - size).to_bytes(size, "little", signed=True)
        return bytes(self._bytes)
