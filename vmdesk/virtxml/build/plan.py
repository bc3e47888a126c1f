"""All that the parts of a definition are made from."""

from dataclasses import dataclass

from vmdesk.model.abilities import HostAbilities
from vmdesk.model.system import System
from vmdesk.model.wish import From, Wish
from vmdesk.virtxml.build.choose import Choices
from vmdesk.virtxml.build.platform import Platform
from vmdesk.virtxml.build.prepared import DiskAt, Prepared


@dataclass(frozen=True, slots=True)
class Plan:
    """One definition: the `first` one, with the installer, or the one for all later starts."""

    wish: Wish
    system: System
    host: HostAbilities
    choices: Choices
    prepared: Prepared
    name: str
    first: bool

    @property
    def where(self) -> Platform:
        return self.choices.platform

    @property
    def installs(self) -> bool:
        """Whether something is put on a disk: only then has the installer to be out of the way afterwards."""
        return any(not disk.empty and not disk.readonly for disk in self.prepared.disks)

    @property
    def kernel(self) -> bool:
        """Whether it starts with a kernel from outside. Without a disk there is nothing else to start, ever."""
        return bool(self.prepared.kernel) and (self.first or not self.installs)

    @property
    def medium(self) -> DiskAt | None:
        """The CD that is installed from."""
        if self.wish.source is not From.CDROM or not self.prepared.cdroms:
            return None
        return self.prepared.cdroms[0]

    @property
    def medium_first(self) -> bool:
        """Whether the CD comes before the disk: an empty disk is passed over, one with something on it is not."""
        return self.first and self.medium is not None and any(disk.used for disk in self.prepared.disks)

    @property
    def once(self) -> bool:
        """Whether a reboot ends it, because the next start is to be from the disk."""
        return self.first and self.installs and (self.kernel or self.medium_first)
