"""For the tests of the pages that stand on libvirt's test driver."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.pages.xml_bench import Talk, bench


@pytest.fixture
def talk(run_async: Callable[[Any], Any], tmp_path: Path) -> Callable[..., None]:
    """`talk(coroutine function)`: it is given a Bench."""

    def run(work: Talk, readonly: bool = False) -> None:
        async def whole() -> None:
            async with bench(tmp_path, readonly) as made:
                await work(made)

        run_async(whole())

    return run
