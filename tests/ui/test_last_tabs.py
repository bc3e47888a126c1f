"""The tabs of the last time, whatever their hosts are called."""

import pytest

from tests.ui.machines import machine
from vmdesk.core.store import Store
from vmdesk.model.host import Capabilities, Host, HostConfig, Link
from vmdesk.ui.last_tabs import LastTabs
from vmdesk.ui.pages.wall import key_of


@pytest.mark.parametrize("host", ["laptop", "qemu+ssh://ann@lab:22/system"])
def test_each_is_opened_once_its_host_is_there(host: str) -> None:
    store, there = Store(), machine(1, host)
    last = LastTabs(store)
    keys = [f"machine:{host}/{there.key.uuid}", f"host:{host}", key_of([there.key])]
    last.keys = [*keys, f"machine:{host}/other"]
    assert list(last.ready()) == []
    store.put_host(Host(HostConfig(host, "lab", "qemu:///system"), Link.UP, capabilities=Capabilities()))
    store.update([there])
    assert list(last.ready()) == [
        (keys[0], "machine", (there.key,)),
        (keys[1], "host", (host,)),
        (keys[2], "wall", ((there.key,),)),
    ]
    assert last.keys == [f"machine:{host}/other"]
