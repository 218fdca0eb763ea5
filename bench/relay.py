"""A relay that makes a server on loopback as far away as is asked: ``python -m bench.relay PORT MILLISECONDS``.

It prints the port that it listens on, and passes bytes on as they are, each half of a round trip later; a new
connection costs one round trip more, as it does on a real way. It has its own process, so that it takes no time from
what is measured but that of the machine.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class _Way(asyncio.Protocol):
    """One side of a connection: what it receives, the other side sends, later.

    Args:
        delay: seconds that everything takes to the other side.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._waiting: deque[bytes | None] = deque()
        self.transport: asyncio.Transport | None = None
        self.other: _Way | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember what to send by."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Let the bytes arrive on the other side later."""
        self._later(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Let the other side end as well, behind all bytes."""
        self._later(None)

    def arrive(self) -> None:
        """Send what has been on its way for longest."""
        data = self._waiting.popleft()
        transport = self.other.transport if self.other else None
        if transport is None or transport.is_closing():
            return
        if data is None:
            transport.close()
        else:
            transport.write(data)

    def _later(self, data: bytes | None) -> None:
        self._waiting.append(data)
        asyncio.get_running_loop().call_later(self._delay, self.arrive)


class _Entrance(_Way):
    """The side of a client. It is connected to the server at once; its first bytes travel a round trip longer."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(delay)
        self._port = port
        self._early: list[bytes | None] | None = []
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the server."""
        super().connection_made(transport)
        task = asyncio.get_running_loop().create_task(self._connect(transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, transport: asyncio.BaseTransport) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, way = await loop.create_connection(lambda: _Way(self._delay), "127.0.0.1", self._port)
        except OSError:
            transport.close()
            return
        self.other, way.other = way, self
        await asyncio.sleep(2 * self._delay)
        early, self._early = self._early or [], None
        for data in early:
            super()._later(data)

    def _later(self, data: bytes | None) -> None:
        if self._early is None:
            super()._later(data)
        else:
            self._early.append(data)


async def serve(port: int, milliseconds: float) -> None:
    """Relay to a port of this machine until the process ends."""
    delay = milliseconds / 2000
    server = await asyncio.get_running_loop().create_server(lambda: _Entrance(port, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def relay(port: int, milliseconds: float) -> Iterator[int]:
    """A relay to a port of this machine; gives the relay's own port."""
    command = [sys.executable, "-m", "bench.relay", str(port), f"{milliseconds:g}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
