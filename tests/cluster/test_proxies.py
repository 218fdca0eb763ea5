"""Which proxy the environment says."""

from __future__ import annotations

import pytest

from gategit.cluster.proxies import proxy_of_environment

SERVER = "https://api.prod.example.com:6443"
PROXY = "http://proxy.example.com:3128"


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        (SERVER, {}, None),
        (SERVER, {"HTTPS_PROXY": PROXY}, PROXY),
        (SERVER, {"https_proxy": PROXY}, PROXY),
        (SERVER, {"HTTPS_PROXY": PROXY, "https_proxy": "http://other.example.com"}, PROXY),
        (SERVER, {"HTTPS_PROXY": "proxy.example.com:3128"}, PROXY),
        (SERVER, {"HTTP_PROXY": PROXY}, None),
        (SERVER, {"ALL_PROXY": PROXY}, None),
        ("http://api.example.com", {"HTTP_PROXY": PROXY}, PROXY),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://[::1]:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://localhost:6443", {"HTTPS_PROXY": PROXY}, None),
    ],
)
def test_proxy(server: str, environment: dict[str, str], proxy: str | None) -> None:
    """The variable of the server's scheme counts; this machine itself is reached directly."""
    assert proxy_of_environment(server, environment) == proxy


@pytest.mark.parametrize(
    ("spared", "server", "direct"),
    [
        ("*", SERVER, True),
        ("example.com", SERVER, True),
        ("EXAMPLE.com", SERVER, True),
        ("ample.com", SERVER, False),
        (".example.com", SERVER, True),
        ("*.example.com", SERVER, True),
        (".api.prod.example.com", SERVER, False),
        ("api.prod.example.com", SERVER, True),
        ("api.prod.example.com:6443", SERVER, True),
        ("api.prod.example.com:443", SERVER, False),
        ("other.org, example.com", SERVER, True),
        (",, ", SERVER, False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/99", "https://10.1.2.3", False),
        ("10.0.0.0/8", SERVER, False),
        ("10.1.2.3", "https://10.1.2.3:6443", True),
        ("10.1.2.3:6443", "https://10.1.2.3:6443", True),
        ("10.1.2.3:443", "https://10.1.2.3:6443", False),
        ("1.2.3", "https://10.1.2.3", False),
        ("fd00::1", "https://[fd00::1]:6443", True),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", True),
        ("fd00::/8", "https://[fd00::1]:6443", True),
    ],
)
def test_spared(spared: str, server: str, direct: bool) -> None:  # noqa: FBT001  a table's column
    """NO_PROXY holds domains, addresses and networks, some with a port."""
    proxy = proxy_of_environment(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": spared})
    assert (proxy is None) == direct
