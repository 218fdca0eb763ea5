"""A real admission webhook for the tests: TLS on loopback, under an authority of its own, for one namespace."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cluster.servers import new_authority

Verdict = Callable[[dict[str, Any]], dict[str, Any]]
"""The request of an AdmissionReview to the parts of its response."""


@contextmanager
def webhook(folder: Path, verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Serve a webhook; gives its ``clientConfig``."""
    authority = new_authority(folder)

    class Handler(BaseHTTPRequestHandler):
        """Answers one review for each connection."""

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = {"uid": review["request"]["uid"], "allowed": True, **verdict(review["request"])}
            answer = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            # A server that has waited long enough is gone by now.
            with suppress(OSError):
                self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        server.socket = authority.sign("webhook").server().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            client = b64encode(authority.certificate.pem).decode()
            yield {"url": f"https://127.0.0.1:{server.server_port}/", "caBundle": client}
        finally:
            server.shutdown()
            thread.join()


def configuration(name: str, namespace: str, client: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A ValidatingWebhookConfiguration for the ConfigMaps of one namespace."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}
    hook = {
        "name": name,
        "clientConfig": client,
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
        **parts,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }
