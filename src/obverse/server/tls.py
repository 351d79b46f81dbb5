"""TLS without a proxy: a certificate of the server's own, or one that is given.

Browsers lend the live camera of a phone to pages that come by https only. A certificate that nobody
else vouches for is enough for that: the browser warns once, and the connection is encrypted.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

from obverse.catalogue.folder import TLS, lock
from obverse.errors import ServerError, UsageError

DAYS = 825
"""Apple's phones take no certificate that holds for longer."""
CURVE = "prime256v1"


def own(catalogue: str | Path) -> Path:
    """The catalogue's certificate with its key, made by OpenSSL the first time.

    Raises:
        ServerError: there is none, and none can be made.
    """
    folder = Path(catalogue)
    path = folder / TLS
    with lock(folder):
        if not _holds(path):
            data = _make()
            part = folder / f"{TLS}.part"
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
            part.replace(path)
    return path


def check(path: Path) -> Path:
    """A certificate with its key, if it is one. Raises ``UsageError``."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password=lambda: "")
    except OSError as error:
        raise UsageError(
            f"no certificate with its key ({error.strerror or error})",
            where=path,
            hint="give one PEM file: cat fullchain.pem privkey.pem > both.pem",
        ) from error
    return path


def _holds(path: Path) -> bool:
    """Is there a certificate that is not over yet?"""
    if not path.exists():
        return False
    return _openssl("x509", "-checkend", "86400", "-noout", "-in", str(path)).returncode == 0


def _make() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        key, certificate = Path(name, "key"), Path(name, "certificate")
        done = _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{CURVE}", "-nodes"),
            *("-days", str(DAYS), "-subj", "/CN=obverse"),
            *("-addext", f"subjectAltName=DNS:localhost,DNS:{socket.gethostname()}"),
            *("-keyout", str(key), "-out", str(certificate)),
        )
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2]
            raise ServerError(
                f"no certificate could be made ({said})", hint="give one: --cert FILE"
            )
        return certificate.read_bytes() + key.read_bytes()


def _openssl(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    except OSError as error:
        raise ServerError(
            "a certificate is made by OpenSSL, which is not installed",
            hint="install openssl, or give a certificate: --cert FILE",
        ) from error
