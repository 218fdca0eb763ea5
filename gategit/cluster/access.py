"""How to reach one API server."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one API server, and as whom. What is secret of it is never shown, not even by ``repr``.

    Attributes:
        server: the server's URL, such as ``https://10.0.0.1:6443``.
        name: how messages call it, such as ``the cluster of the context prod`` or ``the sandbox``.
        authority: certificates in PEM that the server's own is believed by; None: the system's.
        verify: False believes any certificate (``insecure-skip-tls-verify``).
        server_name: the name that the server's certificate must hold, where it is not the URL's.
        token: a bearer token, or None.
        certificate: the client's certificate in PEM, or None.
        key: its key in PEM.
        username: for basic authentication, or None.
        password: the same.
        proxy: a proxy's URL, or None.
        namespace: of objects that name none, where the way in says one.
        impersonate: headers that make the server answer as for somebody else (``Impersonate-User``, …).
    """

    server: str
    name: str
    authority: bytes | None = None
    verify: bool = True
    server_name: str | None = None
    token: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    namespace: str | None = None
    impersonate: tuple[tuple[str, str], ...] = ()
