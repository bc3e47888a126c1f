"""What a definition needs and its host lacks, on libvirt's test driver."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import libvirt
import pytest

from vmdesk.core import lacking
from vmdesk.core.lacking import Lacking
from vmdesk.model.host import HostConfig
from vmdesk.virt.connection import Connection

NODE = """<node><cpu><mhz>1000</mhz></cpu><memory>8388608</memory>
<network><name>on</name><bridge name="virbr0"/><ip address="192.168.122.1" netmask="255.255.255.0"/></network>
<network><name>off</name><bridge name="virbr1"/><ip address="192.168.123.1" netmask="255.255.255.0"/></network>
<pool type="dir"><name>default</name><target><path>/nowhere/pool</path></target></pool></node>"""
BEFORE = "<domain type='test'><name>web</name><memory>65536</memory><devices/></domain>"


def domain(devices: str = "", memory: str = "65536", os_: str = "") -> str:
    return (
        f"<domain type='test'><name>web</name><memory>{memory}</memory><os>{os_}</os>"
        f"<devices>{devices}</devices></domain>"
    )


def disk(kind: str, source: str) -> str:
    return f"<disk type='{kind}' device='disk'><source {source}/><target dev='vda'/></disk>"


def card(kind: str, source: str) -> str:
    return f"<interface type='{kind}'><source {source}/></interface>"


def look(tmp_path: Path, xml: str, before: str = BEFORE, change: Callable[[Connection], Any] | None = None) -> Lacking:
    (tmp_path / "node.xml").write_text(NODE)

    async def whole() -> Lacking:
        uri = f"test://{tmp_path / 'node.xml'}"
        connection = await Connection.open(HostConfig("h", "h", uri), 1, lambda _event: None)
        try:
            await connection.control.call(lambda conn: conn.networkLookupByName("off").destroy())
            if change is not None:
                change(connection)
            return await lacking.look(connection, xml, before)
        finally:
            await connection.close()

    work: Coroutine[Any, Any, Lacking] = whole()
    return asyncio.run(work)


def told(found: Lacking) -> str:
    problem = lacking.problem(found, "web")
    return " ".join(map(str, ([problem.why, problem.what_next] if problem else []) + list(lacking.warnings(found))))


def test_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "a.img"
    file.touch()
    found = look(tmp_path, domain(disk("file", f"file='{file}'") + card("network", "network='on'")))
    assert told(found) == ""


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (domain(disk("file", "file='/nosuch.img'")), "/nosuch.img is not there"),
        (domain(disk("block", "dev='/dev/nosuch'")), "/dev/nosuch is not there"),
        (domain(disk("volume", "pool='default' volume='none'")), "default/none is not there"),
        (domain(disk("volume", "pool='nosuch' volume='none'")), "nosuch/none is not there"),
        (domain(os_="<kernel>/nosuch/vmlinuz</kernel>"), "/nosuch/vmlinuz is not there"),
        (
            domain("<filesystem type='mount'><source dir='/nosuch'/><target dir='x'/></filesystem>"),
            "/nosuch is not there",
        ),
        (
            domain(card("network", "network='nosuch'")),
            "no network nosuch: the machine could not start. It has: off, on.",
        ),
        (domain(card("network", "network='off'")), "The network off is off"),
        (domain(memory="16777216"), "The host has 8G of memory: a machine of 16G may not start."),
    ],
)
def test_what_is_not(tmp_path: Path, xml: str, words: str) -> None:
    assert words in told(look(tmp_path, xml))
    assert told(look(tmp_path, xml, xml)) == "", "what was so before is no news"


def test_of_another_computer_it_cannot_be_told(tmp_path: Path) -> None:
    def elsewhere(connection: Connection) -> None:
        connection.local = False

    found = look(tmp_path, domain(disk("file", "file='/far.img'")), change=elsewhere)
    assert found == Lacking(unseen=("/far.img",)) and lacking.problem(found, "web") is None
    assert "/far.img is there cannot be seen from here" in told(found)


def test_bridges_and_devices_of_this_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lacking, "_has_cards", lambda _connection: True)
    xml = domain(
        card("bridge", "bridge='br-nosuch'") + card("direct", "dev='eno-nosuch'") + card("bridge", "bridge='lo'")
    )
    found = look(tmp_path, xml)
    assert found.cards == ("br-nosuch", "eno-nosuch") and lacking.problem(found, "web") is None


def test_the_driver_knows_of_no_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_connection: Connection) -> None:
        def fail(*_words: object) -> None:
            raise libvirt.libvirtError("no")

        monkeypatch.setattr(libvirt.virConnect, "listAllNetworks", fail)

    assert look(tmp_path, domain(card("network", "network='nosuch'")), change=refused).networks == ()
