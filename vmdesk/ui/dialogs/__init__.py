"""Dialogs: one file each, opened and awaited, never exec()."""
