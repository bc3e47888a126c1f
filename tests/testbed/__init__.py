"""The test bed: a private libvirtd with real QEMU guests, closed off from the machine's own.

``python -m tests.testbed pytest ARGS`` runs the tests in it, ``python -m tests.testbed tour DIR`` the tour.
See tests/README.md.
"""
