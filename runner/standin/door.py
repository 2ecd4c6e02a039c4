"""The stand-in's listening socket, which can be shut for a while: connections are then refused."""

import asyncio

from aiohttp import web


class Door:
    """One port of one of this machine's addresses."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner, self._host, self._port = runner, host, port
        self._site: web.TCPSite | None = None

    async def open(self) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        self._site = web.TCPSite(self._runner, self._host, self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        return self._port

    async def shut(self, seconds: float) -> None:
        """End every connection and listen no more, for that long; a second call while it is shut changes nothing."""
        site, self._site = self._site, None
        if site is None:
            return
        await site.stop()
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        await self.open()
