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
import time
from collections.abc import Sequence
from pathlib import Path

from obverse.catalogue.folder import TLS, lock
from obverse.errors import ServerError, UsageError
from obverse.server.guard import ip_of

DAYS = 825
"""Apple's phones take no certificate that holds for longer."""
CURVE = "prime256v1"
DAY_S = 86_400
BOTH = "give one PEM file: cat fullchain.pem privkey.pem > both.pem"


def own(catalogue: str | Path, names: Sequence[str] = ()) -> Path:
    """The catalogue's certificate with its key, made by OpenSSL the first time and when it is over.

    Args:
        names: names and addresses that a new one is to hold, besides those of the machine itself.

    Raises:
        ServerError: there is none, and none can be made.
        UsageError: what is there is no certificate with its key.
    """
    folder = Path(catalogue)
    path = folder / TLS
    with lock(folder):
        if not path.exists() or _is_over(check(path, "move it away, and a new one is made")):
            data = _make(["localhost", socket.gethostname(), "127.0.0.1", "::1", *names])
            part = folder / f"{TLS}.part"
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
            part.replace(path)
    return path


def check(path: Path, hint: str = BOTH) -> Path:
    """A certificate with its key, if it is one. Raises ``UsageError``."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password=lambda: "")
    except OSError as error:
        raise UsageError(
            f"no certificate with its key ({error.strerror or error})",
            where=path,
            hint=hint,
        ) from error
    return path


def _is_over(path: Path) -> bool:
    """Will a certificate of our own, which vouches for itself, be over within a day?"""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    ends = [ssl.cert_time_to_seconds(str(one["notAfter"])) for one in context.get_ca_certs()]
    return bool(ends) and min(ends) < time.time() + DAY_S


def _make(names: Sequence[str]) -> bytes:
    held = ",".join(dict.fromkeys(f"{'IP' if ip_of(name) else 'DNS'}:{name}" for name in names))
    with tempfile.TemporaryDirectory() as name:
        key, certificate = Path(name, "key"), Path(name, "certificate")
        done = _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{CURVE}", "-nodes"),
            *("-days", str(DAYS), "-subj", "/CN=obverse"),
            *("-addext", f"subjectAltName={held}"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-addext", "extendedKeyUsage=serverAuth"),
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
