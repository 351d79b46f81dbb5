"""``serve --tls``: the certificate, the client that trusts it, and connections that say nothing."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import obverse
from obverse.errors import ServerError
from obverse.server import tls
from tests.server.conftest import PATIENCE, Serve, Served, until

pytestmark = [
    pytest.mark.xdist_group("server"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate"),
]

EACH, SECONDS = 8, 5.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tls.own(tmp_path_factory.mktemp("own"), ["192.0.2.7", "coins.example"])


@pytest.fixture(scope="module")
def secure(serve: Serve, certificate: Path) -> Served:
    return serve(certificate=str(certificate), connections_each=EACH, header_seconds=SECONDS)


def said(*words: str | Path) -> str:
    """What openssl says; the independent reader of what was made."""
    return subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, check=True
    ).stdout


def test_the_certificate_names_the_machine(certificate: Path) -> None:
    told = said("x509", "-noout", "-ext", "subjectAltName", "-in", certificate)
    names = {name.strip() for name in told.splitlines()[1].split(",")}
    assert {"DNS:localhost", "IP Address:127.0.0.1", "IP Address:192.0.2.7"} <= names
    assert {"DNS:coins.example", f"DNS:{socket.gethostname()}"} <= names
    said("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", certificate, certificate)


def test_one_that_is_there_needs_no_openssl(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = certificate.read_bytes()
    assert tls.own(certificate.parent) == certificate
    assert certificate.read_bytes() == made
    (tmp_path / "tls.pem").write_bytes(made[:-60])
    with pytest.raises(obverse.UsageError, match="move it away"):
        tls.own(tmp_path)
    assert (tmp_path / "tls.pem").read_bytes() == made[:-60]
    (tmp_path / "tls.pem").unlink()
    with pytest.raises(ServerError, match="OpenSSL, which is not installed"):
        tls.own(tmp_path)


def test_one_that_is_over_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "DAYS", 1)
    old = tls.own(tmp_path).read_bytes()
    monkeypatch.undo()
    new = tls.own(tmp_path).read_bytes()
    assert new != old
    assert tls.own(tmp_path).read_bytes() == new


def test_the_client_trusts_the_certificate_it_is_given(
    secure: Served, certificate: Path, tmp_path: Path
) -> None:
    for url in (secure.url, f"https://localhost:{secure.port}"):
        with obverse.Client(url, certificate=certificate) as client:
            assert client.info()["items"] == 4
    with pytest.raises(ServerError, match=r"certificate=PATH"):
        obverse.Client(secure.url).info()
    other = tls.own(tmp_path)
    with pytest.raises(ServerError, match="the one that it has now"):
        obverse.Client(secure.url, certificate=other).info()
    for url, path in ((secure.url, tmp_path / "none.pem"), ("http://localhost:1", certificate)):
        with pytest.raises(obverse.UsageError):
            obverse.Client(url, certificate=path)


def is_closed(line: socket.socket) -> bool:
    """Did the server hang up?"""
    line.setblocking(False)
    with suppress(BlockingIOError):
        try:
            return line.recv(1) == b""
        except ConnectionResetError:
            return True
    return False


def test_connections_that_say_nothing_are_few_and_short(secure: Served, certificate: Path) -> None:
    secure.http.close()
    begun = time.monotonic()
    with ExitStack() as stack:
        lines = [
            stack.enter_context(socket.create_connection(("127.0.0.1", secure.port), PATIENCE))
            for _ in range(5 * EACH)
        ]

        def left() -> int:
            return sum(not is_closed(line) for line in lines)

        until(lambda: left() <= EACH)
        # One of the tests before may not be quite over yet. Those let in have their time: where
        # this machine took longer to come here, it may be over.
        assert left() >= EACH - 2 or time.monotonic() - begun > SECONDS
        # From another address it is served as ever.
        context = ssl.create_default_context(cafile=certificate)
        line = socket.create_connection(("127.0.0.1", secure.port), PATIENCE, ("127.0.0.2", 0))
        with context.wrap_socket(line, server_hostname="localhost") as other:
            other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
        until(lambda: left() == 0)
        assert time.monotonic() - begun >= SECONDS, "not before their time"
    with obverse.Client(secure.url, certificate=certificate) as client:
        assert client.info()["items"] == 4
    assert "Traceback" not in secure.log()
