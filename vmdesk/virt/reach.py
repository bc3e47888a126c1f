"""How a host is reached: directly, or through its one ssh login; and who answers what is asked on the way."""

from pathlib import Path

from vmdesk.model import uri as uris
from vmdesk.model.errors import VirtError
from vmdesk.model.host import HostConfig
from vmdesk.model.prompt import Asker
from vmdesk.virt.connection import Connection, Post
from vmdesk.virt.credentials import credentials
from vmdesk.virt.ssh import FINAL, Tunnel

__all__ = ["FINAL", "Reach"]


class Reach:
    """The way to one host; outlives its connections, so that a lost one is opened again without a new login.

    folder  the user's private runtime folder
    asker   who answers; None: nobody (ssh may use the terminal)
    """

    def __init__(self, config: HostConfig, folder: Path, asker: Asker | None) -> None:
        self._config = config
        self._asker = asker
        self._tunnel = Tunnel(config.uri, folder, asker, config.readonly) if _over_ssh(config.uri) else None

    async def open(self, generation: int, post: Post, uri: str | None = None) -> Connection:
        """Open the host. VirtErrors whose name is in FINAL come again at once until `forgive` is called.

        uri  opened instead of the configured one (the practice host's saved state)
        """
        # Consent to no_verify was given when the host was added; all the rest must be on the list now, too.
        uris.check(uri or self._config.uri, allow_no_verify=True)
        if self._tunnel:
            connection = await Connection.open(self._config, generation, post, await self._tunnel.up())
            connection.tunnel = self._tunnel
            return connection
        if self._asker is None or not uris.parse(self._config.uri).remote:
            return await Connection.open(self._config, generation, post, uri)
        host = self._config.name or self._config.uri
        try:
            ask = credentials(self._asker, host)
            connection = await Connection.open(self._config, generation, post, uri, ask)
        except VirtError:
            await self._asker.ended(host, False)
            raise
        await self._asker.ended(host, True)
        return connection

    def forgive(self) -> None:
        """The person wants to try again what was refused or cancelled."""
        if self._tunnel:
            self._tunnel.forgive()

    async def close(self) -> None:
        """End the ssh login. Close the connections first."""
        if self._tunnel:
            await self._tunnel.close()


def _over_ssh(uri: str) -> bool:
    try:
        return uris.parse(uri).transport == "ssh"
    except VirtError:
        return False  # `open` will say what is wrong with it
