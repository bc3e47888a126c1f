"""The fixtures that everybody may use; tests/README.md lists them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest

from tests.testbed import client, desktop, guests, scale
from tests.testbed.client import KeeperClient


@pytest.fixture(scope="session")
def reps() -> Callable[[int], int]:
    """`reps(100)`: how often to repeat what is done 100 times at full scale."""
    return scale.reps


@pytest.fixture(scope="session")
def _quiet_libvirt() -> None:
    """libvirt prints every error to stderr unless told otherwise."""
    libvirt.registerErrorHandler(lambda *_: None, None)


@pytest.fixture
def keeper(_quiet_libvirt: None) -> Iterator[KeeperClient]:
    """Torments the system daemon, its guests, an ssh server; puts all right again after the test."""
    if not client.present():
        pytest.skip("needs root: run it through `make test`")
    ours = KeeperClient()
    yield ours
    ours.restore()


@pytest.fixture
def system_uri(keeper: KeeperClient) -> str:
    """The private system-mode daemon."""
    return guests.System.uri


@pytest.fixture
def fresh_uri(system_uri: str) -> str:
    """The same, whatever earlier tests left there: no pools, the default network switched off."""
    guests.make_fresh(system_uri)
    return system_uri


@pytest.fixture(scope="session")
def _session(tmp_path_factory: pytest.TempPathFactory, _quiet_libvirt: None) -> Iterator[guests.Session]:
    session = guests.Session(tmp_path_factory.mktemp("session"))
    yield session
    session.end()


@pytest.fixture
def session_uri(_session: guests.Session) -> str:
    """The user's own daemon, in private folders; libvirt starts it with the first connection."""
    return _session.uri


@pytest.fixture
def fresh_session_uri(session_uri: str) -> str:
    """The same without pools."""
    guests.make_fresh(session_uri)
    return session_uri


@pytest.fixture
def make_guest(keeper: KeeperClient, system_uri: str) -> Iterator[guests.Guests]:
    """`make_guest("web", memory=32, disks=[64], ...) -> Guest` on the system daemon; guests.py has all options."""
    made = guests.Guests(guests.System(keeper))
    yield made
    made.remove()


@pytest.fixture
def make_session_guest(_session: guests.Session) -> Iterator[guests.Guests]:
    """The same on the session daemon."""
    made = guests.Guests(_session)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def kvm_works(_session: guests.Session) -> bool:
    """Can this machine run a KVM guest? Asked by running one: /dev/kvm may exist and still not work."""
    made = guests.Guests(_session)
    try:
        made.make("kvm", kind="kvm").wait_until_booted(10)
    except (libvirt.libvirtError, AssertionError):
        return False
    finally:
        made.remove()
    return True


@pytest.fixture
def rescue_cd() -> Path:
    """A bootable CD with a menu on its screen."""
    if not guests.RESCUE_CD.exists():
        pytest.skip("grub-rescue-pc is a package of Debian's")
    return guests.RESCUE_CD


@pytest.fixture(scope="session")
def xdisplay() -> Iterator[str]:
    """A real X server; its display name."""
    with desktop.display() as name:
        yield name


@pytest.fixture(scope="session")
def a11y_bus(xdisplay: str) -> Iterator[dict[str, str]]:
    """The environment for a program to be driven by accessibility; `gi.repository.Atspi` in this process sees it."""
    with desktop.accessibility(xdisplay) as environment:
        before = os.environ.get("AT_SPI_BUS_ADDRESS")
        os.environ["AT_SPI_BUS_ADDRESS"] = environment["AT_SPI_BUS_ADDRESS"]
        yield environment
        if before is None:
            del os.environ["AT_SPI_BUS_ADDRESS"]
        else:
            os.environ["AT_SPI_BUS_ADDRESS"] = before
