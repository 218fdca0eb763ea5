"""Small servers for what a real API server cannot be made to do: break, be busy, show a wrong certificate."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key, in files and in PEM."""

    file: Path
    key_file: Path

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.file.read_bytes()

    @property
    def key(self) -> bytes:
        """Its key."""
        return self.key_file.read_bytes()

    def server(self, clients: Certificate | None = None) -> ssl.SSLContext:
        """How a server shows it; with ``clients`` only those certificates may come in that this one signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key_file)
        if clients is not None:
            context.load_verify_locations(clients.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority in a folder."""

    folder: Path

    @property
    def certificate(self) -> Certificate:
        """Its own."""
        return Certificate(self.folder / "ca.crt", self.folder / "ca.key")

    def sign(self, name: str, names: str = "DNS:localhost,IP:127.0.0.1", days: int = 1) -> Certificate:
        """A certificate for ``names``, which is out of date where ``days`` is below zero."""
        paths = {end: str(self.folder / f"{name}.{end}") for end in ("crt", "key", "csr", "ext")}
        Path(paths["ext"]).write_text(f"subjectAltName={names}\n")
        _openssl("req", *_NEW, "-keyout", paths["key"], "-out", paths["csr"], "-subj", f"/CN={name}")
        signer = ["-CA", str(self.certificate.file), "-CAkey", str(self.certificate.key_file), "-CAcreateserial"]
        valid = ["-days", str(days), "-extfile", paths["ext"]]
        _openssl("x509", "-req", "-in", paths["csr"], *signer, *valid, "-out", paths["crt"])
        return Certificate(Path(paths["crt"]), Path(paths["key"]))


_NEW = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def new_authority(folder: Path) -> Authority:
    """Make a certificate authority."""
    folder.mkdir(parents=True)
    files = ["-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.crt")]
    _openssl("req", "-x509", *_NEW, *files, "-subj", "/CN=authority", "-days", "1")
    return Authority(folder)


def _openssl(*arguments: str) -> None:
    command = ["openssl", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@asynccontextmanager
async def serving(handler: Handler, certificate: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve HTTP on loopback with one handler for everything; gives the URL."""
    server = web.Server(handler)
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(connection: Connection) -> AsyncIterator[str]:
    """Listen on loopback with one function for each connection; gives host and port."""
    open_ones: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        await connection(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in open_ones:
            writer.close()
