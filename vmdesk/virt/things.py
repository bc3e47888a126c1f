"""What pools and networks have in common: they are listed in bulk, and are on, automatic and lasting or not."""

from collections.abc import Callable
from typing import Any

import libvirt

from vmdesk.model.errors import Problem, VirtError
from vmdesk.model.text import text
from vmdesk.virtxml.document import XmlError

UNKNOWN_FLAG = (
    libvirt.VIR_ERR_INVALID_ARG,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
    libvirt.VIR_ERR_NO_SUPPORT,
)


class Switches:
    """Which of them are on, start with the host, and are defined: a call each for all, or one by one for a driver
    that cannot filter.

    list_all  virConnectListAll..., and its flags for these
    """

    def __init__(self, list_all: Callable[[int], list[Any]], active: int, autostart: int, persistent: int) -> None:
        self._active = _names(list_all, active)
        self._autostart = _names(list_all, autostart)
        self._persistent = _names(list_all, persistent)

    def of(self, thing: Any) -> dict[str, bool]:
        """The fields of that name of a Pool or Network."""
        name = thing.name()
        return {
            "active": _either(self._active, name, thing.isActive, True),
            "autostart": _either(self._autostart, name, thing.autostart, False),
            "persistent": _either(self._persistent, name, thing.isPersistent, True),
        }


def of_one(thing: Any) -> dict[str, bool]:
    """The same of one."""
    return Switches(_cannot_list, 0, 0, 0).of(thing)


class leniently:
    """For what a driver may not tell. A connection that is gone is an error all the same."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, libvirt.libvirtError):
            return bool(error.get_error_domain() != libvirt.VIR_FROM_RPC)
        return isinstance(error, XmlError)


def unreadable(error: Exception) -> VirtError:
    """What libvirt wrote is no XML that we read."""
    return VirtError(Problem(text("libvirt's description of it cannot be read."), details=str(error), name="xml"))


def _cannot_list(_flags: int) -> list[Any]:
    raise libvirt.libvirtError("")


def _names(list_all: Callable[[int], list[Any]], flag: int) -> set[str] | None:
    try:
        return {thing.name() for thing in list_all(flag)}
    except libvirt.libvirtError as error:
        if error.get_error_domain() == libvirt.VIR_FROM_RPC:
            raise  # the connection is gone
        return None


def _either(names: set[str] | None, name: str, ask: Callable[[], int], otherwise: bool) -> bool:
    if names is not None:
        return name in names
    try:
        return bool(ask())
    except libvirt.libvirtError:
        return otherwise
