"""The benchmark: VMDesk beside virt-manager, on one display, with one and the same test:/// file."""
