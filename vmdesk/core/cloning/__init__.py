"""Clones: full ones, linked ones, and templates."""
