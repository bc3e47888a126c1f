"""Store to Qt item models."""
