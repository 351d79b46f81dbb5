"""Everything that can be set about a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Settings:
    """How a catalogue is served.

    Attributes:
        catalogue: its folder.
        host, port: where to listen.
        keys: hashes of the keys that open it (``obverse.server.keys``), besides the catalogue's.
        open_writes: anyone may write.
        read_key: reading needs a key too.
        behind_proxy: a proxy stands before it: its ``X-Forwarded-For`` tells the client's address,
            its own configuration which host names are served.
        certificate: a PEM file with a certificate and its key, to speak TLS by.
        hosts: further names under which browsers may ask for it.
        report: folder of an evaluation report to show.
        models: of ``classify``, ``detect`` and ``segment``: a name or a folder each.
        workers: photos worked on at once.
        queue: requests that may wait for a worker; ``queue_each`` those of one client.
        work_seconds: how long a request may wait and be worked on.
        max_bytes: largest request body; ``max_zip`` that of a bulk upload, kept on disk.
        max_held: bodies held in memory at once, all clients together.
        max_megapixels: largest picture.
        max_pictures: photos of one request that registers an item.
        body_grace, body_rate: seconds, and bytes a second: a body must have arrived after
            ``body_grace + bytes / body_rate``.
        header_seconds: within which a connection must have sent a request's head.
        write_seconds: for which a client may not take what it asked for.
        connections: open at once; ``connections_each`` those of one address, without a proxy.
        rate, burst: requests with work in them, a second and at once, from one address.
        read_rate, read_burst: the same for all others.
        stop_seconds: what was accepted has this long to finish when the server is stopped.
    """

    catalogue: str
    host: str = "127.0.0.1"
    port: int = 8765
    keys: tuple[str, ...] = ()
    open_writes: bool = False
    read_key: bool = False
    behind_proxy: bool = False
    certificate: Path | None = None
    hosts: tuple[str, ...] = ()
    report: Path | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    workers: int = 2
    queue: int = 64
    queue_each: int = 32
    work_seconds: float = 60.0
    max_bytes: int = 32 * MIB
    max_zip: int = 1024 * MIB
    max_held: int = 512 * MIB
    max_megapixels: float = 50.0
    max_pictures: int = 24
    body_grace: float = 10.0
    body_rate: float = 16 * 1024
    header_seconds: float = 10.0
    write_seconds: float = 30.0
    connections: int = 512
    connections_each: int = 64
    rate: float = 10.0
    burst: int = 60
    read_rate: float = 200.0
    read_burst: int = 1000
    stop_seconds: int = 30
