"""What a screen shows, as a picture to compare: ours, and the same by libvirt."""

import io

import libvirt
from PIL import Image

from tests.testbed.guests import Guest
from vmdesk.console.screen import Surface


def image_of(surface: Surface) -> Image.Image:
    """A copy of what is on it now."""
    size = surface.width, surface.height
    return Image.frombuffer("RGB", size, bytes(surface.data), "raw", "BGRX", surface.stride, 1).copy()


def screenshot(guest: Guest) -> Image.Image:
    """What `virsh screenshot` saves."""

    def take(domain: libvirt.virDomain) -> bytes:
        stream, data = domain.connect().newStream(), b""
        domain.screenshot(stream, 0)
        while more := stream.recv(1 << 18):
            data += more
        stream.finish()
        return data

    return Image.open(io.BytesIO(guest.ask(take))).convert("RGB")


def rgb(surface: Surface) -> bytes:
    """Its size and its pixels, to be compared."""
    return _bytes(image_of(surface))


def screenshot_rgb(guest: Guest) -> bytes:
    """The same of what `virsh screenshot` saves."""
    return _bytes(screenshot(guest))


def _bytes(image: Image.Image) -> bytes:
    return b"%d %d " % image.size + image.tobytes()


def is_menu(picture: Image.Image) -> bool:
    """GRUB's: a line of one light colour across the screen, where an entry is chosen."""
    width, height = picture.size
    pixels = picture.load()
    assert pixels is not None
    for y in range(0, height, 2):
        row = [pixels[x, y] for x in range(40, width - 40, 4)]
        if sum(pixel == (168, 168, 168) for pixel in row) > len(row) * 0.85:
            return True
    return False
