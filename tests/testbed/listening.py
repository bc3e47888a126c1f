"""A guest in 512 bytes that listens: it records with an AC'97 sound card, and eighteen times a second prints on its
serial port `H` if it has heard something loud, else a dot."""

from tests.testbed.bootsector import Code

_NAM, _NABM, _SOUND, _LIST = 0x600, 0x602, 0x8000, 0x9000  # where the card's ports are noted; the sound; its buffers


def listening_sector() -> bytes:
    """The machine code (16-bit x86)."""
    code = Code()
    code.add("31c0 8ed8 8ec0 8ed0 bc", 0x7C00, "fb fc")  # ds = es = ss = 0, the stack below the code
    code.add("b802b1 b9", 0x2415, "ba", 0x8086, "31f6 cd1a")  # PCI BIOS: find the card; bx is its place
    code.add("b80cb1 bf0400 b90500 cd1a")  # it may use its ports and the memory
    for register, place in ((0x10, _NAM), (0x14, _NABM)):
        code.add("b809b1 bf", register, "cd1a 80e1fc 890e", place)
    code.add("8b16", _NABM, "83c22c 66b802000000 66ef")  # out of reset
    code.add("8b16", _NAM, "31c0 ef 83c21a ef 83c202 ef")  # reset the mixer, record the microphone, unmute
    code.add("bf", _LIST, "b92000")
    code.label("buffer")  # 32 times the same one: 2048 samples
    code.add("66b8", _SOUND, "0000 66ab 66b800080000 66ab")
    code.jump("e2", "buffer")
    code.add("8b16", _NABM, "66b8", _LIST, "0000 66ef 83c205 b01f ee 83c206 b001 ee")  # the list, the last one, go
    code.label("main")
    code.add("f4 8b16", _NABM, "83c204 ec fec8 241f 42 ee")  # the last buffer is always the one before this
    code.add("be", _SOUND, "b90008")
    code.label("sample")
    code.add("ad 3d0010")
    code.jump("7f", "heard")
    code.jump("e2", "sample")
    code.add("b02e")
    code.jump("eb", "put")
    code.label("heard")
    code.add("b048")
    code.label("put")
    code.add("baf803 ee bf", _SOUND, "b90008 31c0 f3ab")  # and forget it
    code.jump("eb", "main")
    return code.assembled().ljust(510, b"\0") + b"\x55\xaa"
