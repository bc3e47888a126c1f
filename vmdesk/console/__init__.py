"""How a screen reaches us: frames, damage, cursor, keys, clipboard. No Qt, no libvirt; one reader thread a screen."""
