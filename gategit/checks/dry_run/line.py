"""The line to one server: once it is found dead, nobody waits for it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gategit.cluster.answer import Answer
from gategit.cluster.client import Client
from gategit.cluster.failures import ClusterError, RefusedError, TimedOutError, TooLargeError

APPLY_PATCH: Final = "application/apply-patch+yaml"

# What one request may meet without the next one meeting it too.
_OF_ONE_REQUEST = (TimedOutError, TooLargeError, RefusedError)


class Line:
    """A client that is not asked again after it has failed for good."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._failure: ClusterError | None = None

    def failed(self, error: ClusterError) -> None:
        """Note a failure: what is still to be asked ends with it, unless it was of one request alone."""
        if not isinstance(error, _OF_ONE_REQUEST):
            self._failure = self._failure or error

    async def send(  # noqa: PLR0913  what makes a request, by name
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: Any = None,
        content_type: str = "application/json",
        retry: bool = True,
    ) -> Answer:
        """Send one request, as ``Client.send`` does.

        Raises:
            ClusterError: no answer came, or an earlier request has shown that none will.
        """
        if self._failure is not None:
            raise self._failure
        return await self.client.send(method, path, query=query, body=body, content_type=content_type, retry=retry)
