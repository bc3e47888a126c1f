"""Each part that is loaded later is where it is said to be."""

import pytest

from vmdesk.core.later import PARTS, load


@pytest.mark.parametrize("name", PARTS)
def test_there(name: str) -> None:
    found = load(name)
    assert found.__name__ == (PARTS[name][1] or PARTS[name][0])
