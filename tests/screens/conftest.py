"""`--update-screens` takes the pictures of today for the right ones: look at them before they are committed."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screens", action="store_true", help="replace the golden pictures")


@pytest.fixture(scope="session")
def update_screens(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-screens", default=False))
