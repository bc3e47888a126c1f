"""DES, one block at a time: VNC's password check needs it and nothing else does. FIPS 46-3.

It is no protection by today's measure: the password is at most 8 characters and the rest of the session is in clear.
"""

# fmt: off
_INITIAL = (58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40,
            32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5,
            63, 55, 47, 39, 31, 23, 15, 7)
_FINAL = tuple(_INITIAL.index(bit) + 1 for bit in range(1, 65))
_EXPAND = tuple((4 * (n // 6) + n % 6 - 1) % 32 + 1 for n in range(48))
_PERMUTE = (16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22,
            11, 4, 25)
_KEY = (57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63,
        55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4)
_ROUND_KEY = (14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37,
              47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32)
_SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
_BOXES = tuple(bytes(int(digit, 16) for digit in box) for box in (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
))
# fmt: on


def encrypt(key: bytes, block: bytes) -> bytes:
    """One block of 8 bytes with a key of 8 bytes."""
    half = _pick(int.from_bytes(block, "big"), 64, _INITIAL)
    left, right = half >> 32, half & 0xFFFFFFFF
    for round_key in _round_keys(key):
        left, right = right, left ^ _mix(right, round_key)
    return _pick(right << 32 | left, 64, _FINAL).to_bytes(8, "big")


def _pick(value: int, width: int, bits: tuple[int, ...]) -> int:
    """The numbered bits of `value` (1 is the highest of `width`), in that order."""
    picked = 0
    for bit in bits:
        picked = picked << 1 | value >> (width - bit) & 1
    return picked


def _round_keys(key: bytes) -> list[int]:
    both = _pick(int.from_bytes(key, "big"), 64, _KEY)
    left, right = both >> 28, both & 0xFFFFFFF
    found = []
    for shift in _SHIFTS:
        left = (left << shift | left >> (28 - shift)) & 0xFFFFFFF
        right = (right << shift | right >> (28 - shift)) & 0xFFFFFFF
        found.append(_pick(left << 28 | right, 56, _ROUND_KEY))
    return found


def _mix(half: int, round_key: int) -> int:
    mixed = _pick(half, 32, _EXPAND) ^ round_key
    out = 0
    for number, box in enumerate(_BOXES):
        six = mixed >> (42 - 6 * number) & 63
        out = out << 4 | box[(six >> 4 & 2 | six & 1) * 16 + (six >> 1 & 15)]
    return _pick(out, 32, _PERMUTE)


def answer(password: bytes, challenge: bytes) -> bytes:
    """VNC's answer to a challenge of 16 bytes. The bits of each byte of the password go backwards."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password[:8].ljust(8, b"\0"))
    return encrypt(key, challenge[:8]) + encrypt(key, challenge[8:])
