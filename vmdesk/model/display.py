"""The doors into a machine: its screens, its text consoles, and the channels that carry clipboard and files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Display:
    """One <graphics>.

    kind           vnc, spice, dbus, sdl, rdp, egl-headless, ...
    index          its place among the definition's <graphics>, which is what virDomainOpenGraphicsFD counts
    listens        "address", "network", "socket", "none" or "" (not said)
    listen         the address it listens on, "" if none
    port           0 while there is none; tls_port likewise (SPICE)
    socket         the path of its unix socket, "" if none
    p2p            D-Bus without a bus, on a connection that libvirt hands out
    gl             the pictures are made with OpenGL: they may come as GPU buffers
    copy_paste     False: the definition forbids it (SPICE)
    file_transfer  False: the definition forbids it (SPICE)
    """

    kind: str
    index: int
    listens: str = ""
    listen: str = ""
    port: int = 0
    tls_port: int = 0
    socket: str = ""
    p2p: bool = False
    gl: bool = False
    copy_paste: bool = True
    file_transfer: bool = True


@dataclass(frozen=True, slots=True)
class TextDevice:
    """One serial port or text console.

    name    libvirt's alias, which virDomainOpenConsole wants ("serial0"); guessed for a machine that is off
    kind    serial, console or parallel
    target  what the guest sees: isa-serial, usb-serial, virtio, sclp, xen, lxc, ...
    number  its port there, from 0
    source  what it is connected to on the host: pty, unix, file, tcp, null, ...
    """

    name: str
    kind: str
    target: str = ""
    number: int = 0
    source: str = "pty"

    @property
    def streams(self) -> bool:
        """Whether libvirt can hand it to us."""
        return self.source in ("pty", "unix")


@dataclass(frozen=True, slots=True)
class Channel:
    """One <channel>.

    kind        what it is connected to: unix, spicevmc, qemu-vdagent, spiceport, ...
    name        org.qemu.guest_agent.0, com.redhat.spice.0, ...
    connected   whether something in the guest has opened it; None: not told
    copy_paste  the clipboard may pass (qemu-vdagent says so; spicevmc leaves it to <graphics>)
    """

    kind: str
    name: str
    connected: bool | None = None
    copy_paste: bool = False


@dataclass(frozen=True, slots=True)
class Displays:
    """All doors of one definition, in its order."""

    graphics: tuple[Display, ...] = ()
    texts: tuple[TextDevice, ...] = ()
    channels: tuple[Channel, ...] = ()
    heads: int = 0  # screens that its video devices have
    sound: bool = False  # it has a sound card

    def channel(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((channel for channel in self.channels if channel.name == name), None)
