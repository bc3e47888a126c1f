"""VMDesk: a desktop manager for virtual machines on KVM and every other hypervisor that libvirt speaks to."""

__version__ = "0.1.0"
