"""Damaged and hostile files, made here, with the errors they must give."""

from __future__ import annotations

import gzip
import io
import os
import random
import socket
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pillow_heif
from PIL import Image

from obverse import photo


class Case(NamedTuple):
    """A file and the errors it may give, one of them; ``None`` among them: it may also decode."""

    name: str
    data: bytes
    expected: tuple[str | None, ...]


DAMAGED = ("PhotoDamaged",)
NO_PHOTO = ("NotAPhoto",)
TOO_LARGE = ("PhotoTooLarge",)
TOO_SMALL = ("PhotoTooSmall",)

# Consistent in itself, with checksums that match: no transfer makes it, and decoders let it pass.
TOLERATED = ("half-the-rows", "no-palette-size")

# ------------------------------------------------------------------------------- sound pictures


def encode(image: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, format="HEIF", **options)
    else:
        image.save(out, kind, **options)
    return out.getvalue()


def make_sound() -> dict[str, bytes]:
    noise = np.random.default_rng(5).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    rgb = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "jpeg": encode(rgb, "JPEG"),
        "jpeg-progressive": encode(rgb, "JPEG", progressive=True),
        "jpeg-grey": encode(rgb.convert("L"), "JPEG"),
        "jpeg-cmyk": encode(rgb.convert("CMYK"), "JPEG"),
        "jpeg-turned": encode(rgb, "JPEG", exif=exif),
        "png": encode(rgb, "PNG"),
        "png-palette": encode(rgb.quantize(200), "PNG"),
        "png-16": encode(Image.fromarray(noise[..., 0].astype(np.uint16) * 257), "PNG"),
        "png-alpha": encode(rgb.convert("RGBA"), "PNG"),
        "webp": encode(rgb, "WEBP"),
        "webp-lossless": encode(rgb, "WEBP", lossless=True),
        "webp-turned": encode(rgb, "WEBP", exif=exif),
        "avif": encode(rgb, "AVIF"),
        "avif-alpha": encode(rgb.convert("RGBA"), "AVIF"),
        "heic": encode(rgb, "HEIF"),
        "tiff": encode(rgb, "TIFF"),
        "tiff-lzw": encode(rgb, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": encode(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-jpeg": encode(rgb, "TIFF", compression="jpeg"),
        "tiff-big": encode(rgb, "TIFF", big_tiff=True),
        "bmp": encode(rgb, "BMP"),
        "bmp-palette": encode(rgb.quantize(200), "BMP"),
        "gif": encode(rgb.quantize(200), "GIF"),
        "gif-plain": encode(rgb.quantize(200), "GIF", interlace=0),
    }


SIGNATURES = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF89a",
    "tiff": b"II*\0",
    "webp": b"RIFF\x00\x10\0\0WEBPVP8 ",
    "avif": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "bmp": b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
}

# ------------------------------------------------------------------------------- made by hand


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    out = SIGNATURES["png"]
    for name, body in chunks:
        out += (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )
    return out


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


def idat(content: bytes) -> tuple[bytes, bytes]:
    return b"IDAT", zlib.compress(content, 9)


END = (b"IEND", b"")


def segment(code: int, body: bytes) -> bytes:
    return b"\xff" + bytes([code]) + struct.pack(">H", len(body) + 2) + body


def sized_jpeg(jpeg: bytes, width: int, height: int) -> bytes:
    """The same JPEG that claims another size."""
    at = next(i for code in (b"\xff\xc0", b"\xff\xc2") if (i := jpeg.find(code)) > 0)
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def tiff(entries: list[tuple[int, int, int, int]], *, after: bytes = b"", follow: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", follow) + after


def tiff_of(width: int, height: int, offset: int = 200, count: int = 0) -> list[Any]:
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, offset),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, count or width * height % 2**32),
    ]


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, body: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + header + body


def gif(width: int, height: int, frame: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frame + b";"


def gif_frame(width: int, height: int, code_size: int = 2, data: bytes = b"\x02\x4c\x01") -> bytes:
    return b"," + struct.pack("<HHHHBB", 0, 0, width, height, 0, code_size) + data + b"\0"


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(n + struct.pack("<I", len(b)) + b for n, b in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def resized_box(data: bytes, width: int, height: int) -> bytes:
    """An AVIF or HEIC whose ``ispe`` boxes claim another size."""
    out = bytearray(data)
    at = out.find(b"ispe")
    while at > 0:
        out[at + 8 : at + 16] = struct.pack(">II", width, height)
        at = out.find(b"ispe", at + 4)
    return bytes(out)


def zip_of(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


# ------------------------------------------------------------------------------------ the cases


def cut_off(sound: dict[str, bytes]) -> Iterator[Case]:
    for name, data in sound.items():
        for eighths in (1, 2, 4, 6, 7):
            yield Case(f"{name}-cut-{eighths}-of-8", data[: len(data) * eighths // 8], DAMAGED)
        yield Case(f"{name}-only-30-bytes", data[:30], DAMAGED)


def no_pictures(sound: dict[str, bytes]) -> Iterator[Case]:
    rng = random.Random(7)
    for size in (1, 2, 3, 7, 15, 100, 1000, 10_000, 100_000, 1_000_000):
        yield Case(f"random-{size}", rng.randbytes(size), NO_PHOTO)
    yield Case("zeros", bytes(100_000), NO_PHOTO)
    yield Case("ones", b"\xff" * 100_000, NO_PHOTO)
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    others = {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="9999999"/>',
        "xml-entities": f"<!DOCTYPE x [<!ENTITY e0 'x'>{entities}]><x>&e9;</x>".encode(),
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
        "html": b"<!doctype html><html><img src=a.jpg></html>",
        "json": b'{"photo": "a.jpg"}',
        "text": "eine Münze".encode(),
        "text-16": "eine Münze".encode("utf-16"),
        "bm-text": b"BMW is a maker of motor cars, and this is a letter to them.",
        "gif-text": b"GIF is how the name of this format is written",
        "riff-text": b"RIFFRAFF, the play of the year",
        "python": b"import os\nos.system('true')\n",
        "pickle": b"\x80\x04\x95\x0c\0\0\0\0\0\0\0\x8c\x08builtins\x94.",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n",
        "photoshop": b"8BPS\0\1\0\0\0\0\0\0\0\3\0\0\xff\xff\0\0\xff\xff\0\x08\0\3" + bytes(100),
        "icon": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + bytes(200),
        "jpeg-2000": b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ",
        "movie": b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(500),
        "sound": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(100),
        "ppm": b"P6\n60000 60000\n255\n" + bytes(100),
        "farbfeld": b"farbfeld\xff\xff\xff\xff\xff\xff\xff\xff",
        "program": b"\x7fELF\2\1\1" + bytes(200),
        "windows-program": b"MZ\x90\0\3\0\0\0" + bytes(200),
        "sqlite": b"SQLite format 3\0" + bytes(200),
        "zip": zip_of("a.jpg", sound["jpeg"]),
        "zip-bomb": zip_of("a.jpg", bytes(50_000_000)),
        "gzip": gzip.compress(sound["jpeg"]),
        "picture-behind-html": b"<!-- -->" + sound["jpeg"],
        "picture-behind-a-zero": b"\0" + sound["png"],
        "base64": b"data:image/png;base64,iVBORw0KGgo=",
    }
    for name, data in others.items():
        yield Case(name, data, NO_PHOTO)


def only_signatures() -> Iterator[Case]:
    rng = random.Random(9)
    for name, start in SIGNATURES.items():
        yield Case(f"{name}-signature-alone", start, DAMAGED)
        for size in (60, 5_000, 500_000):
            # Random sizes may also be too large or too small, which is as true.
            expected = ("PhotoDamaged", "PhotoTooLarge", "PhotoTooSmall", "NotAPhoto")
            yield Case(f"{name}-signature-random-{size}", start + rng.randbytes(size), expected)


def tiny_and_thin() -> Iterator[Case]:
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "AVIF"):
        yield Case(f"{kind}-1x1", encode(Image.new("RGB", (1, 1)), kind), TOO_SMALL)
        long = 16_000 if kind == "WEBP" else 30_000
        yield Case(f"{kind}-{long}x10", encode(Image.new("L", (long, 10)), kind), TOO_SMALL)
    heic = encode(Image.new("RGB", (64, 64)), "HEIF")  # the encoder refuses such sizes
    for size in ((1, 1), (30_000, 10)):
        yield Case(f"HEIF-{size[0]}x{size[1]}", resized_box(heic, *size), TOO_SMALL)


def bombs(sound: dict[str, bytes]) -> Iterator[Case]:
    few = idat(bytes(1000))
    yield Case("png-65535", png(ihdr(65535, 65535), few, END), TOO_LARGE)
    yield Case("png-2-31", png(ihdr(2**31 - 1, 2**31 - 1), few, END), TOO_LARGE)
    yield Case("png-wide", png(ihdr(2**31 - 1, 16), few, END), TOO_LARGE)
    # 400 megapixels that are really there, in 50 KB; and 63 megapixels with almost none there.
    whole = idat(bytes(20_000 * (20_000 // 8 + 1)))
    yield Case("png-whole", png(ihdr(20_000, 20_000, 1, 0), whole, END), TOO_LARGE)
    yield Case("png-63-megapixels", png(ihdr(9_000, 7_000), few, END), DAMAGED)
    flood = idat(bytes(300_000_000))
    yield Case("png-flood-1x1", png(ihdr(1, 1), flood, END), TOO_SMALL)
    yield Case("png-flood-in-palette", png(ihdr(50, 50), (b"tRNS", flood[1]), END), DAMAGED)
    for name in ("jpeg", "jpeg-progressive", "jpeg-grey"):
        yield Case(f"{name}-65535", sized_jpeg(sound[name], 65535, 65535), TOO_LARGE)
        yield Case(f"{name}-63-megapixels", sized_jpeg(sound[name], 9_000, 7_000), DAMAGED)
    progressive = sized_jpeg(sound["jpeg-progressive"], 7_000, 7_000)
    scan = progressive.rfind(b"\xff\xda")
    again = progressive[scan : scan + 40] * 5_000
    yield Case("jpeg-5000-scans", progressive[:-2] + again + b"\xff\xd9", DAMAGED)
    yield Case("gif-65535", gif(65535, 65535, gif_frame(65535, 65535)), TOO_LARGE)
    yield Case("gif-large-frame", gif(50, 50, gif_frame(65535, 65535)), TOO_LARGE)
    yield Case("gif-warned-frame", gif(50, 50, gif_frame(65535, 1400)), TOO_LARGE)
    yield Case("gif-63-megapixels", gif(9_000, 7_000, gif_frame(9_000, 7_000)), DAMAGED)
    yield Case("bmp-65535", bmp(65535, 65535), TOO_LARGE)
    yield Case("bmp-2-31", bmp(2**31 - 1, 2**31 - 1), TOO_LARGE)
    yield Case("bmp-upside-down", bmp(60_000, -60_000), TOO_LARGE)
    yield Case("bmp-63-megapixels", bmp(9_000, 7_000, body=bytes(500)), DAMAGED)
    yield Case("bmp-run-length", bmp(9_000, 7_000, 8, 1, bytes(1024) + bytes(14_000)), NO_PHOTO)
    yield Case("tiff-65535", tiff(tiff_of(65535, 65535)), TOO_LARGE)
    yield Case("tiff-2-32", tiff(tiff_of(2**32 - 1, 2**32 - 1)), TOO_LARGE)
    yield Case("tiff-63-megapixels", tiff(tiff_of(9_000, 7_000)), DAMAGED)
    yield Case("webp-canvas-alone", riff((b"VP8X", bytes(4) + b"\xfe\x3f\0" * 2)), TOO_LARGE)
    at = sound["webp-lossless"].find(b"VP8L") + 9  # 14 bits of width - 1, 14 of height - 1, flags
    for side in (10_000, 16_383):
        packed = struct.pack("<I", side - 1 | side - 1 << 14)
        data = sound["webp-lossless"][:at] + packed + sound["webp-lossless"][at + 4 :]
        yield Case(f"webp-{side}", data, TOO_LARGE)
    for name in ("avif", "heic"):
        for side in (60_000, 2**32 - 1):
            data = resized_box(sound[name], side, side)
            yield Case(f"{name}-{side}", data, ("PhotoTooLarge", "PhotoDamaged"))
        yield Case(f"{name}-2000", resized_box(sound[name], 2000, 2000), (*DAMAGED, None))


def malformed(sound: dict[str, bytes]) -> Iterator[Case]:
    size, rows = ihdr(50, 50), idat(bytes(50 * 151))
    pngs = {
        "no-header": png(rows, END),
        "no-pixels": png(size, END),
        "no-end": png(size, rows),
        "zero-wide": png(ihdr(0, 50), rows, END),
        "depth-3": png(ihdr(50, 50, 3), rows, END),
        "colour-5": png(ihdr(50, 50, 8, 5), rows, END),
        "no-palette-size": png(ihdr(50, 50, 8, 3), (b"PLTE", b""), rows, END),
        "header-short": png((b"IHDR", b"\0\0\0\x50"), rows, END),
        "not-compressed": png(size, (b"IDAT", bytes(50 * 151)), END),
        "half-the-rows": png(size, idat(bytes(25 * 151)), END),
        "length-2-31": png(size) + struct.pack(">I", 2**31) + b"IDAT" + bytes(100),
        "bad-checksum": (good := png(size, rows, END))[:50] + b"\x01" + good[51:],
        "100001-chunks": png(size, *[(b"teXt", b"")] * 100_001, rows, END),
    }
    soi, quiet = b"\xff\xd8", segment(0xFE, b"")
    jpegs = {
        "end-at-once": soi + b"\xff\xd9" * 10,
        "no-frame": soi + sound["jpeg"][sound["jpeg"].find(b"\xff\xda") :],
        "no-scan": sound["jpeg"][: sound["jpeg"].find(b"\xff\xda")] + b"\xff\xd9",
        "zero-wide": sized_jpeg(sound["jpeg"], 0, 50),
        "zero-high": sized_jpeg(sound["jpeg"], 50, 0),
        "filled": soi + b"\xff" * 2_000_000,
        "million-segments": soi + quiet * 1_000_000,
        "segment-of-0": soi + b"\xff\xe0\0\0" + sound["jpeg"],
        "segment-past-the-end": soi + b"\xff\xe1\xff\xff" + bytes(100),
        "no-tables": soi
        + segment(0xC0, b"\x08\0\x20\0\x20\1\1\x11\0")
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + bytes(500),
        "bad-tables": sound["jpeg"].replace(b"\xff\xc4\0\x1f", b"\xff\xc4\0\x03", 1),
    }
    at = struct.pack
    endless = [(273, 4, 2**31, 8), *tiff_of(50, 50)[:5]]
    tiffs = {
        "no-tags": tiff([]),
        "tags-nowhere": b"II*\0" + at("<I", 2**31),
        "tags-in-the-header": b"II*\0" + at("<I", 0) + bytes(100),
        "tags-that-are-themselves": b"II*\0" + at("<I", 4) + b"\x04\0\0\0" * 50,
        "65535-tags": b"II*\0" + at("<IH", 8, 65535) + bytes(12) * 100,
        "strip-past-the-end": tiff(tiff_of(50, 50, 10**6)),
        "endless-strips": tiff(endless),
        "no-strips": tiff(tiff_of(50, 50)[:5]),
        "zero-wide": tiff(tiff_of(0, 50)),
        "cycle-of-pages-without-pixels": tiff(tiff_of(50, 50, 10**6), follow=8),
        "65000-samples": tiff([(277, 3, 1, 65000), *tiff_of(50, 50)[:6]]),
        "compression-9999": tiff(
            [e if e[0] != 259 else (259, 3, 1, 9999) for e in tiff_of(50, 50)]
        ),
        "big-far": b"II+\0" + at("<HHQ", 8, 0, 2**63),
        "big-many": b"II+\0" + at("<HHQQ", 8, 0, 16, 2**63) + bytes(100),
    }
    gifs = {
        "no-frame": gif(50, 50, b""),
        "zero": gif(0, 0, gif_frame(0, 0)),
        "code-size-20": gif(50, 50, gif_frame(50, 50, 20)),
        "frame-without-pixels": gif(50, 50, gif_frame(50, 50, data=b"")),
        "endless-comment": b"GIF89a2\02\0\0\0\0!\xfe" + b"\xff" + b"x" * 300_000,
    }
    bmps = {
        "bits-7": bmp(50, 50, 7, body=bytes(9000)),
        "zero": bmp(0, 0),
        "png-inside": bmp(50, 50, 24, 5, sound["png"]),
        "odd-masks": bmp(50, 50, 32, 3, b"\x01\x02\x03\x04" * 3 + bytes(9000)),
    }
    webps = {
        "empty": riff(),
        "two-headers-no-pixels": riff((b"VP8X", bytes(10)), (b"VP8X", bytes(10))),
        "zero-lossless": riff((b"VP8L", b"\x2f" + bytes(20))),
        "longer-than-it-is": b"RIFF" + at("<I", 2**31) + sound["webp"][8:100],
    }
    for kind, group in (
        *(("png", pngs), ("jpeg", jpegs), ("tiff", tiffs)),
        *(("gif", gifs), ("bmp", bmps), ("webp", webps)),
    ):
        for name, data in group.items():
            zero = "zero" in name
            expected: tuple[str | None, ...] = DAMAGED
            if zero:
                expected = ("PhotoDamaged", "PhotoTooSmall")
            elif name in TOLERATED:
                expected = (*DAMAGED, None)
            yield Case(f"{kind}-{name}", data, expected)
    for name in ("avif", "heic"):
        data = sound[name]
        box = data.find(b"meta")
        yield Case(f"{name}-no-pixels", data[: data.find(b"mdat")] + b"free" + bytes(50), DAMAGED)
        yield Case(f"{name}-nested", data[: box - 4] + b"\0\0\0\x0cmeta\0\0\0\0" * 500, DAMAGED)


def empty() -> Iterator[Case]:
    for ending in sorted(photo.EXTENSIONS):
        yield Case(f"empty{ending}", b"", ("PhotoEmpty",))


def fuzzed(sound: dict[str, bytes]) -> Iterator[Case]:
    """Not counted among the errors: no decoder can know that a flipped bit was flipped."""
    rng = random.Random(11)
    kinds = ("PhotoDamaged", "NotAPhoto", "PhotoTooLarge", "PhotoTooSmall", None)
    for name, data in sound.items():
        for i in range(12):
            changed = bytearray(data)
            head = min(len(data), 700 if i % 2 else 60)
            for _ in range(1 + i // 4):
                changed[rng.randrange(head)] ^= 1 << rng.randrange(8)
            yield Case(f"{name}-flipped-{i}", bytes(changed), kinds)


def make_cases() -> list[Case]:
    sound = make_sound()
    cases = [
        *(*cut_off(sound), *no_pictures(sound), *only_signatures(), *tiny_and_thin()),
        *(*bombs(sound), *malformed(sound), *empty(), *fuzzed(sound)),
    ]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def make_places(folder: Path) -> dict[str, tuple[str, ...]]:
    """Paths that are no files, by what they must give."""
    (folder / "folder.jpg").mkdir()
    (folder / "full.jpg").mkdir()
    (folder / "full.jpg" / "a.jpg").write_bytes(b"")
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)
        server.bind("socket.jpg")
        os.chdir(here)
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (folder / "away.jpg").symlink_to("nowhere.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "to-pipe.jpg").symlink_to("pipe.jpg")
    (folder / "secret.jpg").write_bytes(make_sound()["jpeg"])
    (folder / "secret.jpg").chmod(0)
    unreadable = ("folder", "full", "pipe", "socket", "loop", "zero", "to-pipe", "secret")
    places: dict[str, tuple[str, ...]] = {
        f"{folder}/{name}.jpg": ("PhotoUnreadable",) for name in unreadable
    }
    places |= {f"{folder}/{name}.jpg": ("PhotoMissing",) for name in ("away", "missing")}
    places[f"{folder}/secret.jpg/a.jpg"] = ("PhotoMissing", "PhotoUnreadable")
    places[f"{folder}/a\0b.jpg"] = ("PhotoUnreadable",)
    places[f"{folder}/{'x' * 300}.jpg"] = ("PhotoUnreadable",)
    return places
