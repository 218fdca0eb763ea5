"""The relay of the benchmarks: the same bytes, and no sooner than is asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.relay import relay


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it receives, with its end."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(1 << 16):
                    connection.sendall(data)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        # Wakes up who waits for a connection.
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_everything_arrives_in_its_order(echo: int) -> None:
    """More bytes than any buffer holds, both ways at once."""
    sent = bytes(range(256)) * 20_000
    received = b""
    with relay(echo, 4) as port, socket.create_connection(("127.0.0.1", port)) as client:
        thread = threading.Thread(target=client.sendall, args=(sent,))
        thread.start()
        while len(received) < len(sent):
            received += client.recv(1 << 16)
        thread.join()
    assert received == sent


def test_a_round_trip_takes_as_long_as_is_asked(echo: int) -> None:
    """Each answer comes a round trip later, the first one of a connection two: connecting takes one as well."""
    with relay(echo, 40) as port, socket.create_connection(("127.0.0.1", port)) as client:
        times: list[float] = []
        for _ in range(3):
            start = time.perf_counter()
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            times.append(time.perf_counter() - start)
    assert times[0] > 0.079
    assert min(times[1:]) > 0.039


def test_nobody_behind_it_is_the_end_of_a_connection() -> None:
    """Where the server refuses, so does the relay."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with relay(free, 1) as port, socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(1) == b""
