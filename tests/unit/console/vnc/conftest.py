"""Fixtures of the VNC tests."""

import pytest

from tests.unit.console.vnc.authority import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
