"""What drivers lack."""

from vmdesk.model.host import Feature
from vmdesk.virt import drivers


def test_qemu_lacks_nothing_known() -> None:
    assert drivers.lacking("QEMU", (9, 0, 0)) == frozenset()


def test_versions_count() -> None:
    assert Feature.EVENTS in drivers.lacking("CH", (10, 9, 0))
    assert Feature.EVENTS not in drivers.lacking("CH", (10, 10, 0))


def test_spelling_of_the_driver() -> None:
    assert drivers.lacking("Hyper-V", (9, 0, 0)) == drivers.lacking("HYPERV", (9, 0, 0)) != frozenset()
    assert drivers.lacking("something new", (9, 0, 0)) == frozenset()
