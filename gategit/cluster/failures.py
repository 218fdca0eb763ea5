"""Why an API server could not be asked: each way to fail has its class, its sentence and a way to mend it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

from gategit.cluster.access import Access
from gategit.cluster.answer import Answer
from gategit.errors import UndecidedError


class ClusterError(UndecidedError):
    """An API server could not be asked, or did not answer as one: exit code 3."""


class NameNotResolvedError(ClusterError):
    """The server's name has no address."""


class UnreachableError(ClusterError):
    """Nothing accepts connections at the server's address, or they break."""


class TimedOutError(ClusterError):
    """The server did not answer one request in time."""


class DeadlineError(ClusterError):
    """The time for all requests together is over."""


class ProxyError(ClusterError):
    """The proxy between did not do its part."""


class EncryptionError(ClusterError):
    """No encrypted connection came about, for another reason than the server's certificate."""


class CertificateError(ClusterError):
    """The server's certificate cannot be believed."""


class CertificateNameError(CertificateError):
    """The certificate belongs to another name."""


class CertificateExpiredError(CertificateError):
    """The certificate is out of date, or not valid yet."""


class ClientCertificateError(ClusterError):
    """Our own certificate or key cannot be used."""


class AuthorityError(ClusterError):
    """The certificates to believe the server by cannot be read."""


class UnauthorizedError(ClusterError):
    """The server does not accept who we say we are (401)."""


class TokenExpiredError(UnauthorizedError):
    """The same, and the token's own end of life is past."""


class TooLargeError(ClusterError):
    """An answer is larger than any that makes sense."""


class NoApiServerError(ClusterError):
    """What answered is no Kubernetes API server."""


class RefusedError(ClusterError):
    """The server refused something that the work cannot go on without.

    Attributes:
        answer: what the server said.
    """

    def __init__(self, message: str, hint: str, answer: Answer) -> None:
        super().__init__(message, hint)
        self.answer = answer


def address(access: Access) -> str:
    """The server's URL as messages show it: without a user or password that somebody wrote into it."""
    parts = urlsplit(access.server)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def place(access: Access) -> str:
    """How messages name a server: by its name and its address."""
    return f"{access.name} ({address(access)})"


def unauthorized(access: Access) -> UnauthorizedError:
    """The failure that an answer 401 means; a token that says of itself that its time is over is told apart."""
    expiry = token_expiry(access.token) if access.token else None
    if expiry is not None and expiry <= datetime.now(UTC):
        return TokenExpiredError(
            f"{place(access)} does not accept the token: it expired at {expiry:%Y-%m-%d %H:%M:%S} UTC",
            "get a new token: log in again, or make a new one with kubectl create token",
        )
    what = "the token" if access.token else "the client certificate" if access.certificate else "the credentials"
    if not (access.token or access.certificate or access.username):
        return UnauthorizedError(
            f"{place(access)} asks who we are, and there are no credentials to say it with",
            "give the user of the kubeconfig's context a token, a client certificate or an exec plugin",
        )
    return UnauthorizedError(
        f"{place(access)} does not accept {what} (401 Unauthorized)",
        "compare with: kubectl auth whoami; a new token may be needed, or the kubeconfig is of another cluster",
    )


def refused(access: Access, what: str, answer: Answer) -> RefusedError:
    """The failure that an answer means which the work cannot go on without.

    Args:
        access: who was asked.
        what: the request as messages show it, such as ``GET /apis``.
        answer: what came back.
    """
    said = f": {answer.message}" if answer.message and not answer.message.startswith("<") else ""
    hint = "compare with kubectl, with the same kubeconfig and context"
    if answer.status == 403:
        hint = "the account lacks a right: gategit cluster rbac prints the ones that the gate needs"
    elif 300 <= answer.status < 400:
        hint = "an API server redirects nobody: the address may be of a login page in front of it"
    return RefusedError(f"{place(access)} answered {what} with {answer.status}{said}", hint, answer)


def token_expiry(token: str) -> datetime | None:
    """When a JSON Web Token says that it ends; None where it does not say, or is no such token."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expiry = payload.get("exp") if isinstance(payload, dict) else None
        if isinstance(expiry, bool) or not isinstance(expiry, int | float):
            return None
        return datetime.fromtimestamp(expiry, UTC)
    except (ValueError, OverflowError, OSError, RecursionError):
        return None
