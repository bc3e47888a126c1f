"""How libvirt spells things: pure functions between XML text and values."""
