"""Deleting machines: the trash first, then for good, exactly what was said."""
