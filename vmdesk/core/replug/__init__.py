"""USB devices that a machine is given again whenever they are plugged in."""
