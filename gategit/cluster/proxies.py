"""Which proxy the environment says for a server, as kubectl reads it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_of_environment(server: str, environment: Mapping[str, str]) -> str | None:
    """The proxy for a server's URL, None where it is reached directly.

    ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` are read in capitals first, then in small letters. This machine
    itself is never reached through a proxy.
    """
    parts = urlsplit(server)
    name = f"{parts.scheme}_proxy"
    proxy = environment.get(name.upper()) or environment.get(name)
    if not proxy or _spared(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), environment):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _spared(host: str, port: int, environment: Mapping[str, str]) -> bool:
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    spared = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    return any(_fits(entry.strip().lower(), host.lower(), port) for entry in spared.split(",") if entry.strip())


def _fits(entry: str, host: str, port: int) -> bool:
    """Whether one entry of NO_PROXY means a host: ``*``, an address, a network, a domain; some with a port."""
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if _address(entry.strip("[]")) is None and ":" in entry:
        entry, _, wanted = entry.rpartition(":")
        if wanted != str(port):
            return False
    if address is not None:
        return address == _address(entry.strip("[]"))
    # A leading dot, with or without a star, means what is below a domain and not the domain itself.
    domain = entry.removeprefix("*")
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
