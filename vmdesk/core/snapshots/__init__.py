"""Snapshots: what can be done with them here, and how it is done so that nothing is lost."""
