"""Storage pools of every kind, as the form and the command make them; `python -m tests.unit.core.pool_wishes` writes
the golden files anew.
"""

from dataclasses import dataclass
from pathlib import Path

from vmdesk.core.storage.kinds import Field, Make, PoolWish

GOLDEN = Path(__file__).parent / "golden_pools"
SECRET = "11111111-2222-4333-8444-555555555555"
PASSWORD = "correct horse"
KEY = "AQBSdFhhAAAAABAAkhAy0OLPwpV7dQ5+5hGtSA=="
_NAS = {Field.HOST: "nas.lan", Field.TARGET: "/mnt/m"}
_IQN, _OWN = "iqn.2026-01.lan.san:machines", "iqn.2026-01.lan.host:1"


@dataclass(frozen=True)
class Case:
    name: str
    wish: PoolWish


def _case(name: str, kind: str, said: dict[Field, str], password: str = "", make: Make = Make.KEEP) -> Case:
    return Case(name, PoolWish("machines", kind, tuple(said.items()), make=make, password=password, secret=SECRET))


CASES = (
    _case("dir", "dir", {Field.TARGET: "/srv/a & b"}),
    _case("fs", "fs", {Field.DEVICE: "/dev/sdb1", Field.FORMAT: "auto", Field.TARGET: "/mnt/machines"}),
    _case("fs-new", "fs", {Field.DEVICE: "/dev/sdb1", Field.FORMAT: "ext4", Field.TARGET: "/mnt/m"}, make=Make.NEW),
    _case(
        "netfs-nfs",
        "netfs",
        {
            Field.HOST: "nas.lan",
            Field.FOLDER: "/export",
            Field.FORMAT: "nfs",
            Field.VERSION: "4.2",
            Field.TARGET: "/mnt/m",
        },
    ),
    _case(
        "netfs-cifs",
        "netfs",
        {
            Field.HOST: "nas.lan",
            Field.FOLDER: "share",
            Field.FORMAT: "cifs",
            Field.VERSION: "4",
            Field.TARGET: "/mnt/m",
        },
    ),
    _case(
        "netfs-gluster",
        "netfs",
        {Field.HOST: "fe80::1", Field.FOLDER: "vol", Field.FORMAT: "glusterfs", Field.TARGET: "/mnt/m"},
    ),
    _case("logical", "logical", {Field.SOURCE: "vg0"}),
    _case("logical-new", "logical", {Field.SOURCE: "vg0", Field.DEVICE: "/dev/sdb, /dev/sdc,"}, make=Make.OVERWRITE),
    _case("disk", "disk", {Field.DEVICE: "/dev/sdc", Field.FORMAT: "gpt"}),
    _case("iscsi", "iscsi", {Field.HOST: "san.lan:3261", Field.DEVICE: _IQN}),
    _case(
        "iscsi-login",
        "iscsi",
        {Field.HOST: "san.lan", Field.DEVICE: _IQN, Field.INITIATOR: _OWN, Field.USER: "lab"},
        PASSWORD,
    ),
    _case(
        "iscsi-direct",
        "iscsi-direct",
        {Field.HOST: "san.lan", Field.DEVICE: _IQN, Field.INITIATOR: _OWN, Field.USER: "lab"},
        PASSWORD,
    ),
    _case("scsi", "scsi", {Field.ADAPTER: "scsi_host2"}),
    _case("scsi-fc", "scsi", {Field.WWNN: "20000000c9831b4b", Field.WWPN: "10000000c9831b4b"}),
    _case("mpath", "mpath", {}),
    _case("rbd", "rbd", {Field.HOST: "ceph-1.lan", Field.SOURCE: "machines"}),
    _case("rbd-login", "rbd", {Field.HOST: "a.lan, [::1]:6789", Field.SOURCE: "vms", Field.USER: "libvirt"}, KEY),
    _case("gluster", "gluster", {Field.HOST: "g.lan", Field.SOURCE: "vol", Field.FOLDER: "/images"}),
    _case("zfs", "zfs", {Field.SOURCE: "tank/machines"}),
    _case("zfs-new", "zfs", {Field.SOURCE: "tank", Field.DEVICE: "/dev/sdb"}, make=Make.NEW),
    _case("vstorage", "vstorage", {Field.SOURCE: "cluster", Field.TARGET: "/mnt/m"}),
    _case("sheepdog", "sheepdog", {Field.HOST: "localhost:7000", Field.SOURCE: "machines"}),
)

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for case in CASES:
        (GOLDEN / f"{case.name}.xml").write_text(case.wish.xml())
