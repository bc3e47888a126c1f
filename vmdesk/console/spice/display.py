"""A machine's SPICE session: its channels, its monitors, and what else hangs on it."""

import asyncio
import concurrent.futures
import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from vmdesk.console.screen import Cursor, Speaker, Talker
from vmdesk.console.spice import words
from vmdesk.console.spice.clipboard import Clipboard
from vmdesk.console.spice.files import Copy, Progress
from vmdesk.console.spice.glib import Library, load_aside
from vmdesk.console.spice.heads import Head, Member, Screens
from vmdesk.console.spice.picture import Picture
from vmdesk.console.spice.sockets import Address, OpenChannel, Sockets
from vmdesk.console.spice.sound import Ear, Sound
from vmdesk.console.spice.usb import Usb, UsbDevice
from vmdesk.model.errors import Problem, VirtError

T = TypeVar("T")

SECONDS: Final = 10.0  # for the login and the first picture
_CURSORS_MAX: Final = 16
_CURSOR_MAX: Final = 1024  # pixels
_CLIENT_MOUSE: Final = 2  # SPICE_MOUSE_MODE_CLIENT: the guest takes positions
_NOT_PACKED: Final = 1  # SPICE_IMAGE_COMPRESSION_OFF
_PICTURE_FIRST: Final = 0.3  # seconds that other channels wait for the first picture
_LEFT_BEHIND: Final = 0.3  # seconds until libvirt knows that a QEMU has ended
_USB_SECONDS: Final = 90.0  # somebody may have to type a password for polkit


async def within(future: "concurrent.futures.Future[None]", seconds: float) -> None:
    """Wait for what another thread brings, which is left alone. TimeoutError; what comes later is nobody's mistake."""
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(lambda over: over.cancelled() or over.exception())
    await asyncio.wait_for(asyncio.shield(waiting), seconds)


class Display:
    """One machine's session, shared by the backends of its monitors. A newer viewer throws it out."""

    def __init__(
        self, where: OpenChannel | Address, *, password: str = "", seconds: float = SECONDS, local: bool = False
    ) -> None:
        """
        where  a function that opens another socket for each channel, or the server's address
        local  the server runs on this computer: to pack pictures takes longer than to pass them on
        """
        self._where = where
        self._local = local
        self._password = password
        self._seconds = seconds
        self._library: Library | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._opened.set_running_or_notify_cancel()
        self._members: list[Member] = []
        # the library's thread's
        self._session: Any = None
        self._usb: Usb | None = None
        self._copies: list[Copy] = []
        self._signals: list[tuple[Any, int]] = []
        self._channels: list[Any] = []
        self._second: list[Any] = []  # channels that wait until there is a picture
        self._screens = Screens(self)
        self._sockets: Sockets | None = None
        self._main: Any = None
        self._port: Any = None  # the shared folder's channel
        self._main_open = False
        self._over = False
        self._leaving = False
        self._asking = False  # whether the server still answers: why it hung up
        self._sound: Sound | None = None
        self._ear: Ear | None = None
        self._speaker: Speaker | None = None
        self._talker: Talker | None = None
        self._folder: tuple[Path, bool] | None = None  # shared; writable
        # for everybody to read
        self.inputs: Any = None
        self.heads: tuple[Head, ...] = ()
        self.cursors: dict[int, Cursor | None] = {}
        self.absolute = False
        self.leds = 0
        self.agent = False
        self.clipboard = Clipboard(self._guest_copied)
        self.usb_changed: Callable[[], None] = lambda: None  # called on the library's thread

    # ---------------------------------------------------------------- for everybody

    async def connect(self) -> tuple[Head, ...]:
        """Log in, once however often it is called; the monitors with a picture. VirtError."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            try:
                self._library = await asyncio.wrap_future(load_aside())
            except VirtError as error:
                self.end(error.problem)
            else:
                self._sockets = Sockets(self._where, self._loop, self._library)
                self._library.post(self._start)
        try:
            await within(self._opened, self._seconds)
        except TimeoutError:
            late = words.no_picture(self._seconds) if self._main_open else words.silent(self._seconds)
            self.fail(late)
            raise VirtError(late) from None
        return self.heads

    @property
    def ended(self) -> bool:
        return self._over

    @property
    def secure(self) -> bool:
        """Whether nobody on the way reads along: it comes over a socket of this computer, or all is encrypted."""
        where = self._where
        return not isinstance(where, Address) or not where.port or where.host in ("localhost", "127.0.0.1", "::1")

    def join(self, member: Member) -> None:
        self._members.append(member)

    def leave(self, member: Member) -> None:
        """The last one out closes the session. From any thread."""
        self.do(lambda: self._left(member))

    def alone(self, member: Member) -> bool:
        return self._members in ([], [member])

    def do(self, task: Callable[[], None]) -> None:
        """Run it on the library's thread, from any thread; at once if there is none yet."""
        if self._library is None:
            task()
        else:
            self._library.post(task)

    def fail(self, problem: Problem) -> None:
        """End the session with this problem, from any thread."""
        self.do(lambda: self.end(problem))

    def close(self) -> None:
        """End it in order, from any thread. Idempotent."""
        self.do(self._leave)

    def want_sound(self, speaker: Speaker, on: bool) -> None:
        """From any thread. One speaker a machine: the newest."""
        self._speaker = speaker if on else None if self._speaker is speaker else self._speaker
        self.do(self._play)

    def want_microphone(self, talker: Talker, on: bool) -> None:
        """From any thread; the same."""
        self._talker = talker if on else None if self._talker is talker else self._talker
        self.do(self._play)

    async def send_files(self, paths: Sequence[Path], progress: Progress | None = None) -> None:
        """Copy them into the guest. VirtError. Cancelling the task cancels the copy."""
        if self._library is None or self._over:
            raise VirtError(words.not_open())
        copy = Copy(self._library, paths, progress)
        self._library.post(lambda: self._begin_copy(copy))
        try:
            await asyncio.wrap_future(copy.done)
        except asyncio.CancelledError:
            self._library.post(copy.cancel)
            raise

    def share_folder(self, folder: Path | None, *, writable: bool = False) -> None:
        """Let the guest see this folder (and change it); None: no longer. Its spice-webdavd shows it."""
        self.do(lambda: self._share(folder, writable))

    async def usb_devices(self) -> tuple[UsbDevice, ...]:
        """What is plugged in here. VirtError."""
        found: tuple[UsbDevice, ...] = await self._ask(lambda done: done.set_result(self._usb_manager().devices()))
        return found

    async def usb_connect(self, device: str) -> None:
        """Hand the device with this id to the machine. VirtError."""
        await self._ask(lambda done: self._usb_manager().connect(device, done), _USB_SECONDS)

    async def usb_disconnect(self, device: str) -> None:
        """Take it back. VirtError."""
        await self._ask(lambda done: self._usb_manager().disconnect(device, done), _USB_SECONDS)

    async def _ask(self, start: Callable[[Any], None], seconds: float = SECONDS) -> Any:
        """Have the thread `start` something that settles the future."""
        if self._library is None:
            raise VirtError(words.not_open())
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        done.set_running_or_notify_cancel()

        def begin() -> None:
            try:
                start(done)
            except VirtError as error:
                done.set_exception(error)

        self._library.post(begin)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(done), seconds)
        except TimeoutError:
            raise VirtError(words.silent(seconds)) from None

    # ---------------------------------------------------------------- the library's thread: beginning and end

    @property
    def binding(self) -> Library:
        assert self._library
        return self._library

    @property
    def members(self) -> tuple[Member, ...]:
        return tuple(self._members)

    @property
    def ending(self) -> bool:
        """Over, or on the way there."""
        return self._over or self._leaving

    def on(self, thing: Any, signal: str, handler: Callable[..., Any]) -> None:
        self._signals.append((thing, self.binding.on(thing, signal, handler)))

    def on_rectangle(self, thing: Any, signal: str, handler: Callable[[int, int, int, int], None]) -> None:
        self._signals.append((thing, self.binding.on_rectangle(thing, signal, handler)))

    def _start(self) -> None:
        if self._over:
            return
        spice = self.binding.spice
        session = self._session = spice.Session()
        session.set_property("enable-smartcard", False)
        if self._password:
            session.set_property("password", self._password)
        if self._local:
            session.set_property("preferred-compression", _NOT_PACKED)
        self.on(session, "channel-new", self._on_channel)
        if self._folder:
            self._share(*self._folder)
        if not isinstance(self._where, Address):
            session.open_fd(-1)  # the main channel too asks for its socket
            return
        where = self._where
        session.set_property("host", where.host)
        for name, port in (("port", where.port), ("tls-port", where.tls_port)):
            if port:
                session.set_property(name, str(port))
        if where.ca_file:
            session.set_property("ca-file", where.ca_file)
        if where.subject:
            session.set_property("cert-subject", where.subject)
            session.set_property("verify", spice.SessionVerify.SUBJECT)
        session.connect()

    def _left(self, member: Member) -> None:
        if member in self._members:
            self._members.remove(member)
        if not self._members:
            self._leave()
        else:
            self.balance()

    def _leave(self) -> None:
        if not self.ending:
            self._leaving = True
            if self.inputs is not None:
                # Let the last keys go up first.
                self.binding.after(0.02, lambda: self.end(None))
            else:
                self.end(None)

    def end(self, problem: Problem | None) -> None:
        """The end. Handlers and references go here, so that the library's objects end on their own thread."""
        if self._over:
            return
        self._over = True
        for thing, number in self._signals:
            self.binding.off(thing, number)
        for copy in self._copies:
            copy.cancel()
            copy.fail(VirtError(problem or words.closed()))
        if self._usb:
            self._usb.end()
        if self._sound:
            self._sound.end()
        if self._ear:
            self._ear.end()
        self._screens.close()
        self.clipboard.end()
        session, self._session = self._session, None
        self._signals.clear()
        self._channels.clear()
        self._second.clear()
        self._copies.clear()
        self._main = self.inputs = self._sound = self._ear = self._usb = self._port = None
        if session is not None:
            session.disconnect()
        if not self._opened.done():
            self._opened.set_exception(VirtError(problem or words.closed()))
            self._opened.exception()  # somebody may not wait any more
        members, self._members = self._members, []
        for member in members:
            member.ended(problem)

    # ---------------------------------------------------------------- channels

    def _on_channel(self, _session: Any, channel: Any) -> None:
        spice = self.binding.spice
        number = channel.get_property("channel-id")
        kinds: tuple[tuple[Any, Callable[[Any, int], bool]], ...] = (
            (spice.MainChannel, self._new_main),
            (spice.DisplayChannel, self._screens.add),
            (spice.InputsChannel, self._new_inputs),
            (spice.CursorChannel, self._new_cursor),
            (spice.PlaybackChannel, self._new_playback),
            (spice.RecordChannel, self._new_record),
            (spice.WebdavChannel, self._new_folder),
        )
        use = next((use for kind, use in kinds if isinstance(channel, kind)), None)
        # Sockets for the channels that the library itself connects (USB) are asked for here as well.
        self.on(channel, "open-fd", self._on_open_fd)
        self._channels.append(channel)
        if not use or not use(channel, number) or use == self._new_main:
            return
        if use == self._screens.add or self._opened.done():
            spice.Channel.connect(channel)
            return
        # For each connection QEMU makes a key pair, one after the other, which takes it some 10 ms: pictures first.
        if not self._second:
            self.binding.after(_PICTURE_FIRST, self._connect_second)
        self._second.append(channel)

    def _connect_second(self) -> None:
        channels, self._second = self._second, []
        for channel in channels:
            self.binding.spice.Channel.connect(channel)

    def _on_open_fd(self, channel: Any, tls: int) -> None:
        if isinstance(self._where, Address) or self._over or self._sockets is None:
            return
        if tls:
            # It would ask for ever: over a socket of ours the library cannot encrypt.
            self.end(words.not_spice("the server wants TLS"))
            return
        if isinstance(channel, self.binding.spice.RecordChannel) and not self._talker:
            return
        self._sockets.open(lambda fd, problem: self._got_fd(channel, fd, problem))

    def _got_fd(self, channel: Any, fd: int, problem: Problem | None) -> None:
        if problem:
            if not self._over and self._needed(channel):
                self.end(problem)
        elif self._over or channel not in self._channels or not self.binding.spice.Channel.open_fd(channel, fd):
            os.close(fd)

    def _needed(self, channel: Any) -> bool:
        return channel is self._main or self._screens.has(channel)

    def _new_main(self, channel: Any, number: int) -> bool:
        if self._main is not None or number != 0:
            return False
        self._main = channel
        self.on(channel, "channel-event", self._on_main_event)
        self.on(channel, "main-mouse-update", self._on_mouse)
        self.on(channel, "main-agent-update", self._on_agent)
        for signal, handler in self.clipboard.begin(self.binding, channel):
            self.on(channel, signal, handler)
        return True

    def _on_main_event(self, channel: Any, event: Any) -> None:
        events = self.binding.spice.ChannelEvent
        error = channel.get_error()
        details = error.message if error else str(event.value_nick)
        if event == events.OPENED:
            self._main_open = True
        elif event in (events.NONE, events.SWITCHING) or self._over:
            pass
        elif self._main_open:
            self._lost()
        elif event == events.ERROR_AUTH:
            self.end(words.password_wrong(details) if self._password else words.password_wanted(details))
        elif event == events.ERROR_TLS:
            where = self._where
            self.end(words.certificate(where.host if isinstance(where, Address) else "", details))
        elif event == events.ERROR_CONNECT:
            self.end(words.refused(str(self._where) if isinstance(self._where, Address) else "", details))
        else:
            self.end(words.not_spice(details))

    def _lost(self) -> None:
        """The server has hung up: another viewer, or the machine's end. SPICE does not say which, nor only once."""
        if self._asking:
            return
        if self._leaving:
            self.end(None)
            return
        self._leaving = self._asking = True
        assert self._sockets
        sockets = self._sockets
        self.binding.after(_LEFT_BEHIND, lambda: sockets.knock(self._knocked))

    def _knocked(self, answered: bool) -> None:
        self.end(words.taken() if answered else words.ended())

    def _on_mouse(self, channel: Any) -> None:
        self.absolute = channel.get_property("mouse-mode") == _CLIENT_MOUSE
        for member in self.members:
            member.mode_changed()

    def _on_agent(self, channel: Any) -> None:
        self.agent = bool(channel.get_property("agent-connected"))
        if self.agent:
            self.clipboard.update()

    def _guest_copied(self, text: str) -> None:
        for member in self.members:
            member.guest_copied(text)

    # ---------------------------------------------------------------- pictures

    def heads_changed(self, heads: tuple[Head, ...]) -> None:
        self.heads = heads
        for member in self.members:
            member.heads_changed()
        if heads and not self._opened.done():
            self._opened.set_result(None)
            self._connect_second()

    def picture(self, channel: int) -> Picture:
        return self._screens.picture(channel)

    def balance(self) -> None:
        """Some backend has been paused or goes on: without anybody who looks, pictures are not sent."""
        self._screens.balance()

    # ---------------------------------------------------------------- keyboard, pointer

    def _new_inputs(self, channel: Any, number: int) -> bool:
        if self.inputs is not None or number != 0:
            return False
        self.inputs = channel
        self.on(channel, "inputs-modifiers", self._on_leds)
        return True

    def _on_leds(self, channel: Any) -> None:
        self.leds = channel.get_property("key-modifiers") & 7
        for member in self.members:
            member.listener.leds(self.leds)

    def _new_cursor(self, channel: Any, number: int) -> bool:
        if number in self.cursors or len(self.cursors) >= _CURSORS_MAX:
            return False
        self.cursors[number] = None

        def shape(_channel: Any, width: int, height: int, hot_x: int, hot_y: int, data: int) -> None:
            show(_cursor(width, height, hot_x, hot_y, data))

        def show(cursor: Cursor | None) -> None:
            self.cursors[number] = cursor
            for member in self.members:
                member.cursor_changed()

        self.on(channel, "cursor-set", shape)
        self.on(channel, "cursor-hide", lambda _: show(None))
        self.on(channel, "cursor-reset", lambda _: show(None))
        return True

    def resize(self, head: Head, width: int, height: int) -> None:
        if self._main is not None:
            self._main.update_display_enabled(head.id, True, False)
            self._main.update_display(head.id, 0, 0, width, height, True)

    # ---------------------------------------------------------------- sound, folder, files, USB

    def _new_playback(self, channel: Any, _number: int) -> bool:
        if self._sound is None:
            self._sound = Sound(self.binding, channel)
            for signal, handler in self._sound.signals:
                self.on(channel, signal, handler)
            self._play()
        return False

    def _new_record(self, channel: Any, _number: int) -> bool:
        if self._ear is None:
            self._ear = Ear(self.binding, channel)
            for signal, handler in self._ear.signals:
                self.on(channel, signal, handler)
            self._play()
        return False

    def _play(self) -> None:
        if self._sound:
            self._sound.give(self._speaker)
        if self._ear:
            self._ear.give(self._talker)

    def _new_folder(self, channel: Any, _number: int) -> bool:
        self._port = channel
        return bool(self._session.get_property("shared-dir"))

    def _share(self, folder: Path | None, writable: bool) -> None:
        self._folder = (folder, writable) if folder else None
        if self._session is None:
            return
        channel = self.binding.spice.Channel
        if self._port is not None:
            channel.disconnect(self._port, self.binding.spice.ChannelEvent.NONE)
        self._session.set_property("shared-dir", str(folder) if folder else None)
        self._session.set_property("share-dir-ro", not writable)
        if self._port is not None and folder:
            port = self._port
            self.binding.after(0.1, lambda: channel.connect(port) if self._port is port else None)

    def _begin_copy(self, copy: Copy) -> None:
        self._copies.append(copy)
        copy.start(self._main)

    def _usb_manager(self) -> Usb:
        if self._session is None:
            raise VirtError(words.not_open())
        if self._usb is None:
            self._usb = Usb(self.binding, self._session, lambda: self.usb_changed())
        return self._usb


def _cursor(width: int, height: int, hot_x: int, hot_y: int, data: int) -> Cursor | None:
    if not data or not (0 < width <= _CURSOR_MAX and 0 < height <= _CURSOR_MAX):
        return None
    pixels = bytearray(ctypes.string_at(data, width * height * 4))  # R G B A
    pixels[0::4], pixels[2::4] = pixels[2::4], pixels[0::4]
    return Cursor(width, height, hot_x, hot_y, bytes(pixels))
