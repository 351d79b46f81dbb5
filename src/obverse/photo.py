"""Photos in, safely: any common format, upright, RGB, within limits, one typed error per failure.

The content decides the format, never the name. What a file claims about itself is checked before
a pixel is decoded. JPEG is decoded by Pillow rather than OpenCV: at half size both take the same
time (31 ms for 12 megapixels on one core, median of 15) and give the same pixels, but OpenCV fills
what a cut-off file lacks with grey and says nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from obverse.errors import (
    NotAPhoto,
    PhotoDamaged,
    PhotoEmpty,
    PhotoError,
    PhotoMissing,
    PhotoTooLarge,
    PhotoTooSmall,
    PhotoUnreadable,
    UsageError,
)
from obverse.headers import read_orientation, sniff, strip_jpeg, strip_png
from obverse.types import U8, Photo

# A picture narrower than this holds no design: one cell of the embedder's map looks at 16 x 16
# pixels of a patch. Strips such as 30,000 x 10 fall under it too.
MIN_SIDE = 16

# A Huffman-coded JPEG spends at least one bit on every block of 8 x 8 in each component, and every
# pixel lies in at least half a block (components may be coarse in one direction each). A file with
# less is cut off or a bomb, though its end mark be there: the decoder would fill it up with grey.
PIXELS_PER_BYTE = 8 * 64 * 2

# Rows converted at a time: keeps the copy in cache (1.9 ms for 3 megapixels, against 9.5 ms for
# the whole picture at once) and peak memory at one Pillow picture plus one array.
BAND = 128

EXTENSIONS = frozenset(
    f".{ending}"
    for ending in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif"),
        *("heic", "heif", "hif", "tif", "tiff", "bmp", "gif"),
    )
)
"""What the names of photos end with, lower case; used only to pick files from folders."""

# Pillow's classes are used directly. Image.open would try every plug-in it has, and warns or
# raises by a global pixel limit of its own before ours is asked.
DECODERS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
}
_FORMATS_HINT = "use JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF"
_DAMAGED_HINT = "copy or export the picture again"
_WARNS = {"TIFF", "AVIF", "GIF"}
_warnings_off = threading.Lock()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a photo may cost; raise either for larger pictures.

    Attributes:
        bytes: size of the encoded file. 256 MiB holds the largest allowed picture uncompressed.
        megapixels: full size in millions of pixels. 64 takes the 50-megapixel photos of phones and
            an A4 scan at 800 dpi, while a file that merely claims the most costs at most 256 MB
            (4 bytes a pixel in the decoder) before it is found out. A sound one of that size takes
            0.4 to 0.6 GB while it is decoded.
    """

    bytes: int = 256 * 2**20
    megapixels: float = 64.0


DEFAULT_LIMITS = Limits()


def load(
    source: str | os.PathLike[str] | bytes | np.ndarray[Any, Any] | Photo,
    *,
    limits: Limits = DEFAULT_LIMITS,
    reduce_to: int | None = None,
) -> Photo:
    """Decode one photo upright (EXIF), as RGB; transparency is laid over white.

    Colour profiles are ignored; of several frames or pages the first is taken.

    Args:
        source: a path, the encoded bytes, a uint8 array (h, w, 3) RGB or (h, w) grey, or a
            ``Photo``, which is returned as it is.
        limits: what the photo may cost.
        reduce_to: allow a picture of 1/2, 1/4 or 1/8 the size as long as its long side keeps this
            many pixels. A JPEG is then decoded at that size, in a third of the time; the other
            formats are decoded whole and averaged down. ``Photo.scale`` tells.

    Raises:
        PhotoMissing, PhotoUnreadable, PhotoEmpty, PhotoTooLarge, PhotoTooSmall, NotAPhoto,
        PhotoDamaged: see ``obverse.errors``.
        UsageError: an array of another type or shape, or no photo at all.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, np.ndarray):
        return _wrap_array(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, where = bytes(source), "<bytes>"
        _check_bytes(len(data), where, limits)
    elif isinstance(source, (str, os.PathLike)):
        where = os.fspath(source)
        data = read(where, limits)
    else:
        raise UsageError(
            f"a thing of type {type(source).__name__} is no photo",
            hint="pass a path, its bytes, or its pixels: numpy.asarray(picture.convert('RGB'))",
        )
    pixels, width, height = _decode(data, where, limits, reduce_to)
    return Photo(pixels, width, height, hashlib.sha256(data).hexdigest(), where)


def hash_file(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> str:
    """The ``sha256`` that ``load`` would give, without decoding; raises as ``load`` does for files
    that are missing, unreadable, empty or too large."""
    return hashlib.sha256(read(os.fspath(path), limits)).hexdigest()


def is_photo_name(path: str | os.PathLike[str]) -> bool:
    """Whether a file of that name is worth opening: a known ending, and not hidden."""
    name = Path(path).name
    return not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS


def _wrap_array(array: np.ndarray[Any, Any]) -> Photo:
    where = "<array>"
    if array.dtype != np.uint8 or not (
        array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    ):
        raise UsageError(
            f"an array of {array.dtype} {array.shape} is no picture",
            where=where,
            hint="pass uint8 of shape (height, width, 3) in RGB, or (height, width)",
        )
    height, width = array.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise _too_small(width, height, where)
    # A copy: the photo must not change when its maker's buffer does.
    pixels = np.array(array if array.ndim == 3 else np.stack([array] * 3, axis=2), order="C")
    digest = hashlib.sha256(f"{width}x{height}".encode() + pixels.tobytes()).hexdigest()
    return Photo(pixels, width, height, digest, where)


# ------------------------------------------------------------------------------------ reading


def read(where: str, limits: Limits) -> bytes:
    """The bytes of a regular file within the limit; never of what could block or not end. Raises as
    ``load`` does."""
    try:
        _check_regular(Path(where).stat().st_mode, where)  # opening some devices has side effects
        # Not blocking, and checked again: a pipe may have taken the file's place since.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(where, flags), "rb") as file:
            status = os.fstat(file.fileno())
            _check_regular(status.st_mode, where)
            _check_bytes(status.st_size, where, limits)
            return file.read(status.st_size)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoMissing("no such file", where=where, hint="check the path") from error
    except PermissionError as error:
        raise PhotoUnreadable(
            "no permission to read it", where=where, hint="allow reading it or leave it out"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise PhotoUnreadable(
            f"cannot be read ({reason})",
            where=repr(where)[1:-1][:200],
            hint="check the path and the disk",
        ) from error


def _check_regular(mode: int, where: str) -> None:
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
        kind = kinds.get(stat.S_IFMT(mode), "device")
        raise PhotoUnreadable(f"a {kind}, not a file", where=where, hint="name a picture file")


def _check_bytes(size: int, where: str, limits: Limits) -> None:
    if size == 0:
        raise PhotoEmpty("an empty file", where=where, hint="copy the picture again")
    if size > limits.bytes:
        raise PhotoTooLarge(
            f"{size:,} bytes, over the limit of {limits.bytes:,}",
            where=where,
            hint=f"shrink it, or allow {size} bytes (--max-bytes)",
        )


# ----------------------------------------------------------------------------------- decoding


def _decode(data: bytes, where: str, limits: Limits, reduce_to: int | None) -> tuple[U8, int, int]:
    """Encoded bytes -> upright pixels (h, w, 3), full width, full height."""
    from PIL.Image import DecompressionBombError

    kind = sniff(data)
    if kind is None:
        raise NotAPhoto("not a picture in any known format", where=where, hint=_FORMATS_HINT)
    try:
        with _no_warnings(kind):
            return _decode_as(kind, data, where, limits, reduce_to)
    except PhotoError:
        raise
    except (MemoryError, DecompressionBombError) as error:
        raise PhotoTooLarge(
            f"more than the {kind} decoder takes", where=where, hint="shrink it"
        ) from error
    except Exception as error:  # damaged input makes decoders raise almost anything
        reason = str(error)[:120] or type(error).__name__
        raise PhotoDamaged(
            f"a damaged {kind} picture ({reason})", where=where, hint=_DAMAGED_HINT
        ) from error


def _decode_as(
    kind: str, data: bytes, where: str, limits: Limits, reduce_to: int | None
) -> tuple[U8, int, int]:
    exif = b""
    if kind == "JPEG":
        data, exif = strip_jpeg(data)
    elif kind == "PNG":
        data, exif = strip_png(data)
    elif kind == "BMP" and data[30:31] in (b"\1", b"\2") and data[14] > 12:
        # Pillow unpacks these byte by byte in Python: a second per few megapixels.
        raise NotAPhoto("a run-length BMP, made for icons", where=where, hint=_FORMATS_HINT)
    module, name = DECODERS[kind]
    image = getattr(importlib.import_module(module), name)(io.BytesIO(data))

    width, height = image.size
    _check_size(width, height, where, limits)
    if kind == "JPEG" and len(data) * PIXELS_PER_BYTE < width * height:
        raise ValueError(f"{width} x {height} pixels cannot be in {len(data):,} bytes")
    factor = _reduction(width, height, reduce_to)
    if kind == "JPEG" and factor > 1:
        image.draft(None, (width // factor, height // factor))
    image.load()
    if kind != "JPEG" and image.size != (width, height):  # an HEIC header may disagree
        width, height = image.size
        _check_size(width, height, where, limits)
    turn = 1 if kind in ("TIFF", "HEIC") else read_orientation(exif or image.info.get("exif", b""))
    pixels = _to_rgb(image, where)
    image.close()

    if kind != "JPEG" and factor > 1:
        small = (-(-width // factor), -(-height // factor))
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
    pixels = _turn(pixels, turn)
    return (pixels, height, width) if turn >= 5 else (pixels, width, height)


@contextlib.contextmanager
def _no_warnings(kind: str) -> Iterator[None]:
    """Silence the decoders that warn about metadata we do not use.

    Warning filters belong to the process, so this is done one thread at a time, and only for the
    formats whose decoders do warn.
    """
    if kind not in _WARNS:
        yield
        return
    with _warnings_off, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_size(width: int, height: int, where: str, limits: Limits) -> None:
    megapixels = width * height / 1e6
    if megapixels > limits.megapixels:
        raise PhotoTooLarge(
            f"{width} x {height} is {megapixels:.3g} megapixels, over {limits.megapixels:g}",
            where=where,
            hint=f"shrink it, or allow {int(megapixels) + 1} (--max-megapixels)",
        )
    if min(width, height) < MIN_SIDE:
        raise _too_small(width, height, where)


def _too_small(width: int, height: int, where: str) -> PhotoTooSmall:
    return PhotoTooSmall(
        f"{width} x {height} pixels, both sides must have {MIN_SIDE}",
        where=where,
        hint="use a larger picture",
    )


def _reduction(width: int, height: int, reduce_to: int | None) -> int:
    """The largest of 8, 4, 2, 1 that leaves the long side at least ``reduce_to`` pixels."""
    if reduce_to is None:
        return 1
    long, short = max(width, height), min(width, height)
    fits = (f for f in (8, 4, 2) if long >= f * reduce_to and short >= f * MIN_SIDE)
    return next(fits, 1)


def _to_rgb(image: Any, where: str) -> U8:
    """A loaded Pillow picture of any mode -> uint8 (h, w, 3), writable and contiguous."""
    if image.mode in ("F", "I", "LAB", "HSV"):
        raise NotAPhoto(
            f"pixels of a kind that is not shown ({image.mode})",
            where=where,
            hint="export it with 8 or 16 bits, in RGB or grey",
        )
    width, height = image.size
    out = np.empty((height, width, 3), np.uint8)
    clear = image.has_transparency_data
    for top in range(0, height, BAND):
        bottom = min(top + BAND, height)
        band = image.crop((0, top, width, bottom))
        if image.mode.startswith("I;16"):
            out[top:bottom] = (np.asarray(band) >> 8).astype(np.uint8)[..., None]
        elif clear:
            rgba = np.asarray(band.convert("RGBA")).astype(np.uint16)
            alpha = rgba[..., 3:]
            out[top:bottom] = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        else:
            out[top:bottom] = np.asarray(band if band.mode == "RGB" else band.convert("RGB"))
    return out


def _turn(pixels: U8, orientation: int) -> U8:
    """Undo an EXIF orientation (1 to 8)."""
    if orientation >= 5:  # the first row of the file is a column of the scene
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else np.asarray(cv2.flip(pixels, flip), np.uint8)
