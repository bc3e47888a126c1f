"""A host as a person describes it in fields, and the libvirt address that comes of it."""

from dataclasses import dataclass, replace
from enum import Enum

from vmdesk.model import uri as uris
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.text import Text, text, tr
from vmdesk.model.uri import Uri


class Kind(Enum):
    """What sort of host."""

    SYSTEM = "system"
    SESSION = "session"
    SSH = "ssh"
    TLS = "tls"
    TCP = "tcp"
    XEN = "xen"
    LXC = "lxc"
    ESXI = "esxi"
    VCENTER = "vcenter"
    OTHER = "other"


KINDS: dict[Kind, Text] = {
    Kind.SYSTEM: text("This computer"),
    Kind.SESSION: text("This computer (my machines)"),
    Kind.SSH: text("Another computer, over ssh"),
    Kind.TLS: text("Another computer, over TLS"),
    Kind.TCP: text("Another computer, over TCP (not encrypted)"),
    Kind.XEN: text("Xen on this computer"),
    Kind.LXC: text("Containers (LXC) on this computer"),
    Kind.ESXI: text("VMware ESXi"),
    Kind.VCENTER: text("VMware vCenter"),
    Kind.OTHER: text("Another libvirt address"),
}
_FIXED = {
    Kind.SYSTEM: "qemu:///system",
    Kind.SESSION: "qemu:///session",
    Kind.XEN: "xen:///system",
    Kind.LXC: "lxc:///system",
}
_TRANSPORTS = {Kind.SSH: "ssh", Kind.TLS: "tls", Kind.TCP: "tcp"}
_DIRECT = {Kind.ESXI: "esx", Kind.VCENTER: "vpx"}
HYPERVISORS = {"qemu": "QEMU/KVM", "xen": "Xen", "lxc": "LXC", "ch": "Cloud Hypervisor", "bhyve": "bhyve"}
REMOTE = frozenset(_TRANSPORTS)  # kinds with a libvirt daemon on another computer
DIRECT = frozenset(_DIRECT)


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields. What does not belong to `kind` is kept and has no effect; `address` is OTHER's alone.

    unchecked  no_verify: the person has read the warning and does not want the other side checked
    place      vCenter: datacenter/cluster/host
    """

    kind: Kind = Kind.SSH
    name: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    driver: str = "qemu"
    session: bool = False
    keyfile: str = ""
    certificates: str = ""
    place: str = ""
    unchecked: bool = False
    address: str = ""
    readonly: bool = False
    connect_at_start: bool = True

    @property
    def uri(self) -> str:
        """The libvirt address; may be one that `problem` refuses."""
        if self.kind in _FIXED:
            return _FIXED[self.kind]
        if self.kind is Kind.OTHER:
            return uris.tidy(self.address)
        return uris.build(self._direct() if self.kind in _DIRECT else self._remote())

    @property
    def complete(self) -> bool:
        """Whether what must be there is there; what is missing is no mistake yet."""
        if self.kind is Kind.OTHER:
            return bool(self.address.strip())
        if self.kind is Kind.VCENTER and not self.place.strip("/ "):
            return False
        return self.kind in _FIXED or bool(self.host.strip())

    @property
    def problem(self) -> VirtError | None:
        """Why the address is refused."""
        try:
            uris.check(self.uri, allow_no_verify=self.unchecked)
        except VirtError as error:
            return error
        return None

    @property
    def unchecked_address(self) -> bool:
        """Whether the address itself asks for no_verify, so that consent is needed."""
        try:
            return uris.switches_off_checks(self.uri)
        except VirtError:
            return False

    @property
    def shown_name(self) -> str:
        """The name, or what the host will be called without one."""
        return self.name.strip() or self.proposed_name

    @property
    def proposed_name(self) -> str:
        if self.kind in _FIXED:
            return tr("My machines") if self.kind is Kind.SESSION else str(KINDS[self.kind])
        try:
            fields = uris.parse(self.uri)
        except VirtError:
            return self.host.strip()
        return fields.host or self.uri

    def config(self, host_id: str) -> HostConfig:
        return HostConfig(host_id, self.shown_name, self.uri, self.connect_at_start, self.readonly)

    def _remote(self) -> Uri:
        parameters: dict[str, str] = {}
        if self.kind is Kind.SSH and self.keyfile.strip():
            parameters["keyfile"] = self.keyfile.strip()
        if self.kind is Kind.TLS and self.certificates.strip():
            parameters["pkipath"] = self.certificates.strip()
        if self.kind is Kind.TLS and self.unchecked:
            parameters["no_verify"] = "1"
        return Uri(
            self.driver,
            _TRANSPORTS[self.kind],
            self.user.strip() if self.kind is Kind.SSH else "",
            self._bare_host(),
            self.port,
            "/session" if self.session and self.kind is Kind.SSH else "/system",
            tuple(parameters.items()),
        )

    def _direct(self) -> Uri:
        place = self.place.strip().strip("/") if self.kind is Kind.VCENTER else ""
        parameters = (("no_verify", "1"),) if self.unchecked else ()
        return Uri(_DIRECT[self.kind], "", self.user.strip(), self._bare_host(), self.port, f"/{place}", parameters)

    def _bare_host(self) -> str:
        return self.host.strip().removeprefix("[").removesuffix("]")


def draft_of(config: HostConfig) -> Draft:
    """The fields of a host that is there already; OTHER where they cannot say all that its address says."""
    common = Draft(name=config.name, readonly=config.readonly, connect_at_start=config.connect_at_start)
    other = replace(common, kind=Kind.OTHER, address=config.uri)
    try:
        fields = uris.parse(config.uri)
    except VirtError:
        return other
    other = replace(other, unchecked=fields.parameter("no_verify") == "1")
    filled = replace(
        common,
        host=fields.host,
        port=fields.port,
        user=fields.user,
        driver=fields.driver,
        session=fields.path == "/session",
        keyfile=fields.parameter("keyfile"),
        certificates=fields.parameter("pkipath"),
        place=fields.path.strip("/") if fields.driver == "vpx" else "",
        unchecked=other.unchecked,
    )
    for kind in KINDS:
        if kind is not Kind.OTHER and (draft := replace(filled, kind=kind)).uri == config.uri:
            return draft
    return other
