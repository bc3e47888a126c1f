"""What a machine gets of its host: its networks, its devices, its folders."""

from collections.abc import Sequence

from vmdesk.core.hardware import cards
from vmdesk.core.hardware.additions.form import Addition, Around
from vmdesk.core.hardware.reading import Seen
from vmdesk.core.hardware.sheet import Field, Kind, Value, Values, choice, plain, switch
from vmdesk.model.host_devices import HostPci
from vmdesk.model.text import Text, text
from vmdesk.virt import making
from vmdesk.virtxml.edit import EditError, devices


def card(seen: Seen, near: Around) -> Addition:
    offered = cards.networks(near.offers)
    mine = [one.mac for one in seen.stored.nics]
    mac = making.free_mac(near.taken, frozenset(mine))
    model = next((one.model for one in seen.stored.nics if one.model), "virtio")
    fields = (
        choice("network", text("Joined to"), _usual(near, offered), offered),
        choice("model", text("Model"), model, plain(*cards.MODELS), free=True),
        Field("mac", text("MAC address"), Kind.TEXT, mac),
    )

    def make(values: Values) -> tuple[Text, str]:
        kind, _, source = str(values["network"]).partition(":")
        address = str(values["mac"]).strip().lower()
        fragment = devices.nic_fragment(kind, source, address, str(values["model"]).strip())
        added = devices.add_device(seen.base, fragment)
        devices.nic_mac(added, devices.key_of_added(seen.base, fragment), address)  # says what is wrong with it
        return text("Network card {mac} ({network})", mac=address, network=cards.where(kind, source)), fragment

    def notes(values: Values) -> Sequence[Text]:
        address = str(values.get("mac", "")).strip().lower()
        if address in near.taken.macs or address in mine:
            return (text("Another card has this address already: they disturb each other on one network."),)
        return ()

    return Addition("nic", text("Network card"), "network", fields, make, notes=notes)


def _usual(near: Around, offered: Sequence[tuple[str, Text | str]]) -> str:
    """What most cards are joined to: the default network if it is on, else another one that is, else the first."""
    on = [one.name for one in near.offers.host.networks if one.active]
    best = "default" if "default" in on else on[0] if on else ""
    return cards.joined_to("network", best) if best else offered[0][0]


def pci(near: Around) -> Addition:
    found = near.devices.pci
    offered: list[tuple[Value, Text | str]] = [(one.address, _pci_words(one)) for one in found]
    off = tuple((one.address, text("The host isolates no devices (no IOMMU).")) for one in found if one.group is None)
    free = next((one.address for one in found if one.group is not None), "")
    fields = (Field("device", text("Device"), Kind.CHOICE, free, tuple(offered), off=off),)

    def make(values: Values) -> tuple[Text, str]:
        address = str(values["device"])
        if not address:
            raise EditError(text("Choose a device first."))
        return text("PCI device {address}", address=address), devices.pci_fragment(address)

    def notes(values: Values) -> Sequence[Text]:
        one = next((each for each in found if each.address == values.get("device")), None)
        if one is None:
            return ()
        said = [text("The host cannot use it while the machine has it.")]
        if one.driver:
            said.append(text("The host uses it now, by its driver {driver}.", driver=one.driver))
        if one.network:
            said.append(text("It is a network card: the host may lose its connection."))
        rest = [address for address in one.members if address != one.address]
        if rest:
            names = "; ".join(_named(found, address) for address in rest)
            said.append(text("IOMMU group {n}: these go with it, or must be unused: {names}", n=one.group, names=names))
        elif one.group is not None:
            said.append(text("IOMMU group {n}: it stands alone there.", n=one.group))
        return said

    why: Text | None = None
    if not found:
        why = near.problem or text("The host tells of no PCI devices.")
    elif not free:
        why = text("The host isolates no devices: switch on its IOMMU (VT-d, AMD-Vi) in firmware and kernel.")
    return Addition("pci", text("PCI device of the host"), "card", fields, make, why, notes=notes)


def _pci_words(one: HostPci) -> Text | str:
    if one.group is None:
        return f"{one.address}  {one.what}"
    return text("{address}  {what} (IOMMU group {n})", address=one.address, what=one.what, n=one.group)


def _named(found: Sequence[HostPci], address: str) -> str:
    one = next((each for each in found if each.address == address), None)
    return f"{address} {one.what}" if one is not None else address


def folder(seen: Seen) -> Addition:
    shared = seen.stored.memory.shared
    offered: list[tuple[str, Text | str]] = [
        ("virtiofs", text("virtiofs (fast)")),
        ("path", text("9p (older systems)")),
    ]
    fields = (
        Field("folder", text("Folder"), Kind.FOLDER, ""),
        Field("tag", text("Name for the guest"), Kind.TEXT, "share"),
        choice("driver", text("Driver"), "virtiofs" if shared else "path", offered),
        switch("readonly", text("Read-only"), False),
    )

    def make(values: Values) -> tuple[Text, str]:
        path, tag, driver = (str(values[name]).strip() for name in ("folder", "tag", "driver"))
        if not path.startswith("/"):
            raise EditError(text("Give the folder with its whole path."))
        if not tag or any(one.target == tag for one in seen.stored.folders):
            raise EditError(text("The guest needs a name for it, and each folder another one."))
        fragment = devices.folder_fragment(
            path, tag, driver=driver, readonly=bool(values["readonly"]) and driver != "virtiofs"
        )
        return text("Shared folder {name}", name=tag), fragment

    def notes(values: Values) -> Sequence[Text]:
        tag = str(values.get("tag", "")).strip() or "share"
        if values.get("driver") == "virtiofs":
            said = [text("In the guest: {command}", command=f"mount -t virtiofs {tag} /mnt")]
            if not shared:
                said.append(text("It needs shared memory: switch that on under Memory first."))
            if values.get("readonly"):
                said.append(text("virtiofs cannot be made read-only here: the guest may write."))
            return said
        return (text("In the guest: {command}", command=f"mount -t 9p -o trans=virtio {tag} /mnt"),)

    return Addition("folder", text("Shared folder"), "folder", fields, make, notes=notes)
