"""New machines."""
