"""DES against other people's results."""

import pytest

from vmdesk.console.vnc import des


@pytest.mark.parametrize(
    ("key", "block", "expected"),
    [
        ("133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"),
        ("0000000000000000", "0000000000000000", "8ca64de9c1b123a7"),
        ("ffffffffffffffff", "ffffffffffffffff", "7359b2163e4edc58"),
        ("3000000000000000", "1000000000000001", "958e6e627a05557b"),
        ("0123456789abcdef", "1111111111111111", "17668dfc7292532d"),
    ],
)
def test_known_answers(key: str, block: str, expected: str) -> None:
    assert des.encrypt(bytes.fromhex(key), bytes.fromhex(block)).hex() == expected


def test_only_eight_characters_of_a_password_count() -> None:
    challenge = bytes(range(16))
    assert des.answer(b"12345678", challenge) == des.answer(b"12345678 and more", challenge)
    assert des.answer(b"", challenge) == des.answer(bytes(8), challenge) != des.answer(b"a", challenge)
    assert des.answer(b"secret", challenge).hex() == "ee22539f33a5983ec12f9c2edbc995dd"
