"""Names of operating systems."""

import pytest

from vmdesk.virtxml import system


@pytest.mark.parametrize(
    ("os_id", "name"),
    [
        ("http://debian.org/debian/12", "Debian 12"),
        ("http://ubuntu.com/ubuntu/22.04", "Ubuntu 22.04"),
        ("http://microsoft.com/win/11", "Windows 11"),
        ("http://microsoft.com/win/2k19", "Windows Server 2019"),
        ("http://centos.org/centos-stream/9", "CentOS Stream 9"),
        ("http://archlinux.org/archlinux/rolling", "Arch Linux"),
        ("http://libosinfo.org/unknown", "Unknown"),
        ("", ""),
        ("debian12", ""),
    ],
)
def test_name(os_id: str, name: str) -> None:
    assert system.name(os_id) == name
