"""WHAT A MACHINE STARTS FROM: images, installation media, the OS database, seeds. No Qt, no libvirt."""
