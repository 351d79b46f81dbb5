"""What the bytes of a photo say before a pixel is decoded: format, orientation, pixel parts.

For JPEG and PNG only the parts that hold pixels are handed on to a decoder. Metadata then cannot
exhaust memory (a compressed text chunk), raise a warning (a broken EXIF block) or spoil a picture
that is fine (an odd Photoshop segment). ``ValueError`` says what is wrong with the bytes.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib

# Every scan of a progressive JPEG visits all blocks again, so a small file can ask for minutes of
# work. Encoders write about ten scans, the most thorough optimisers some thirty.
MAX_SCANS = 64

# More pieces than any real file has (PNG writers use chunks of 8 KB or more, JPEG segments are up
# to 64 KB); each costs about a microsecond to step over.
MAX_PIECES = 100_000

_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_MARKER = re.compile(rb"\xff([^\x00\xff])")
_JPEG_KEPT = {*range(0xC0, 0xE0), 0xE0, 0xEE}  # frames, tables, and how the colours are coded
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def sniff(data: bytes) -> str | None:
    """The format, a key of ``photo.DECODERS``, by the first bytes; None if they are of no photo."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    # "BM" alone starts many a text; a header of a known length does not.
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[i : i + 4] for i in (8, *range(16, size, 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
    return None


def strip_jpeg(data: bytes) -> tuple[bytes, bytes]:
    """A JPEG without its metadata, and its EXIF block (empty if none)."""
    kept: list[bytes | memoryview] = [data[:2]]
    exif, at, progressive = b"", 2, False
    for _ in range(MAX_PIECES):
        found = _MARKER.search(data, at)
        if found is None or found.end() + 2 > len(data):
            raise ValueError("cut off in the header")
        code, at = found[1][0], found.start()
        if code == 0xDA:  # the scans: all that follows
            if progressive and data.count(b"\xff\xda", at) > MAX_SCANS:
                raise ValueError(f"more than {MAX_SCANS} scans")
            return b"".join([*kept, memoryview(data)[at:]]), exif
        if 0xD0 <= code <= 0xD9 or code == 0x01:  # markers without content
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2:
            raise ValueError("a segment without length")
        segment = data[at : at + 2 + length]
        at += 2 + length
        if code == 0xE1 and segment[4:10] == b"Exif\0\0":
            exif = exif or segment[10:]
        elif code in _JPEG_KEPT:
            progressive |= code in (0xC2, 0xCA)
            kept.append(segment)
    raise ValueError("too many segments")


def strip_png(data: bytes) -> tuple[bytes, bytes]:
    """A PNG without its metadata, its checksums verified, and its EXIF block (empty if none)."""
    kept, exif, at = [data[:8]], b"", 8
    for _ in range(MAX_PIECES):
        if at + 12 > len(data):
            raise ValueError("cut off")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("cut off")
        if name in _PNG_KEPT:
            if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
                raise ValueError(f"the checksum of {name.decode()} does not match")
            kept.append(data[at:end])
        elif name == b"eXIf":
            exif = data[at + 8 : end - 4]
        if name == b"IEND":
            return b"".join(kept), exif
        at = end
    raise ValueError("too many chunks")


def read_orientation(exif: bytes) -> int:
    """The orientation 1 to 8 of an EXIF block; 1 where it says nothing that makes sense.

    Read here because Pillow's reader warns about damage anywhere in the block.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    with contextlib.suppress(struct.error):
        if order:
            (at,) = struct.unpack_from(order + "I", exif, 4)
            (count,) = struct.unpack_from(order + "H", exif, at)
            for entry in range(at + 2, at + 2 + 12 * count, 12):
                tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, entry)
                if tag == 0x0112 and kind == 3 and 1 <= value <= 8:
                    return int(value)
    return 1
