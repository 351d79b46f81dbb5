"""Decoding: every format against its source pixels or another library, limits, typed errors."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from obverse import errors, photo
from obverse.photo import Limits, load
from tests.hostile import encode

WIDTH, HEIGHT = 97, 61  # odd, so that halves are rounded and block formats must crop


def make_picture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A smooth picture without any symmetry, uint8 (h, w, 3)."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([200 * x + 30, 160 * y + 60, 90 * (1 - x) * (1 - y) + 80 * x], axis=2)
    rgb[: height // 3, : width // 4] += 25
    return rgb.clip(0, 255).astype(np.uint8)


PICTURE = make_picture()


def encode_cv(image: np.ndarray, ending: str) -> bytes:
    ok, data = cv2.imencode(ending, image[..., ::-1] if image.ndim == 3 else image)
    assert ok
    return data.tobytes()


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(cv2.PSNR(np.ascontiguousarray(a), np.ascontiguousarray(b)))


# ------------------------------------------------------------------------------------ formats

LOSSLESS: dict[str, Callable[[np.ndarray], bytes]] = {
    "png": lambda a: encode(a, "PNG"),
    "png of another writer": lambda a: encode_cv(a, ".png"),
    "bmp": lambda a: encode(a, "BMP"),
    "tiff": lambda a: encode(a, "TIFF"),
    "tiff lzw": lambda a: encode(a, "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda a: encode(a, "TIFF", compression="tiff_adobe_deflate"),
    "tiff packbits": lambda a: encode(a, "TIFF", compression="packbits"),
    "tiff big": lambda a: encode(a, "TIFF", big_tiff=True),
    "tiff of another writer": lambda a: encode_cv(a, ".tiff"),
    "webp lossless": lambda a: encode(a, "WEBP", lossless=True),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_the_very_pixels(name: str) -> None:
    found = load(LOSSLESS[name](PICTURE))
    assert np.array_equal(found.pixels, PICTURE)
    assert (found.width, found.height, found.scale) == (WIDTH, HEIGHT, 1.0)
    assert found.pixels.dtype == np.uint8
    assert found.pixels.flags.c_contiguous
    assert found.pixels.flags.writeable


@pytest.mark.parametrize(
    ("kind", "options", "least"),
    [
        ("JPEG", {"quality": 95}, 38),
        ("JPEG", {"quality": 90, "progressive": True}, 36),
        ("WEBP", {"quality": 90}, 36),
        ("AVIF", {"quality": 90}, 36),
        ("HEIF", {"quality": 90}, 36),
    ],
)
def test_lossy_formats_come_close(kind: str, options: dict[str, Any], least: float) -> None:
    found = load(encode(PICTURE, kind, **options))
    assert found.pixels.shape == PICTURE.shape
    assert psnr(found.pixels, PICTURE) > least


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"progressive": True}])
def test_a_jpeg_decodes_as_another_library_does(options: dict[str, Any]) -> None:
    data = encode(make_picture(320, 200), "JPEG", quality=80, **options)
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(load(data).pixels.astype(int) - other).max() <= 1


def test_grey_one_bit_and_palette() -> None:
    grey = PICTURE[..., 1]
    for kind in ("PNG", "TIFF", "BMP"):
        assert np.array_equal(load(encode(grey, kind)).pixels, np.stack([grey] * 3, axis=2))
    bits = Image.fromarray(grey).convert("1")
    shown = np.asarray(bits.convert("RGB"))
    for kind, options in (("PNG", {}), ("BMP", {}), ("TIFF", {"compression": "group4"})):
        assert np.array_equal(load(encode(bits, kind, **options)).pixels, shown)
    few = Image.fromarray(PICTURE).quantize(40)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(load(encode(few, kind)).pixels, np.asarray(few.convert("RGB")))


@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("grey", [True, False])
def test_sixteen_bits_keep_the_upper_eight(ending: str, grey: bool) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 2**16, (40, 50) if grey else (40, 50, 3), dtype=np.uint16)
    upper = (deep >> 8).astype(np.uint8)
    expected = np.stack([upper] * 3, axis=2) if grey else upper
    assert np.array_equal(load(encode_cv(deep, ending)).pixels, expected)


def test_cmyk() -> None:
    ink = np.dstack([255 - PICTURE, PICTURE[..., 0] // 5])
    image = Image.fromarray(ink, "CMYK")
    # The textbook formula, in floating point.
    expected = (255 - ink[..., :3].astype(float)) * (255 - ink[..., 3:].astype(float)) / 255
    found = load(encode(image, "TIFF")).pixels
    assert np.abs(found - expected).max() <= 1

    data = encode(image, "JPEG", quality=95)  # inverted, with an Adobe marker, as Photoshop writes
    assert b"Adobe" in data
    found = load(data).pixels
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(found.astype(int) - other).max() <= 2
    assert psnr(found, expected.round().astype(np.uint8)) > 30


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_transparency_is_laid_over_white(kind: str) -> None:
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    image = Image.fromarray(np.dstack([PICTURE, alpha]), "RGBA")
    lossless = {"WEBP": {"lossless": True, "exact": True}}.get(kind, {})
    a = alpha[..., None] / 255
    expected = PICTURE * a + 255 * (1 - a)
    found = load(encode(image, kind, **lossless)).pixels
    if kind in ("AVIF", "HEIF"):
        assert psnr(found, expected.round().astype(np.uint8)) > 34
    else:
        assert np.abs(found - expected).max() <= 0.5 + 1e-9


def test_transparent_palettes_and_colours() -> None:
    rgb = PICTURE.copy()
    rgb[10:30, 20:40] = (1, 2, 3)
    expected = rgb.copy()
    expected[10:30, 20:40] = 255
    assert np.array_equal(load(encode(rgb, "PNG", transparency=(1, 2, 3))).pixels, expected)

    few = Image.fromarray(rgb).quantize(30)
    index = few.getpixel((25, 15))
    shown = np.asarray(few.convert("RGB")).copy()
    shown[np.asarray(few) == index] = 255
    for kind in ("PNG", "GIF"):
        assert np.array_equal(load(encode(few, kind, transparency=index)).pixels, shown)

    grey_alpha = Image.merge("LA", [Image.new("L", (20, 20), 50), Image.new("L", (20, 20), 0)])
    assert (load(encode(grey_alpha, "PNG")).pixels == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "AVIF", "PNG"])
def test_of_several_frames_the_first_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (32, 24), c) for c in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert np.abs(load(data).pixels.astype(int) - (255, 0, 0)).max() <= (3 if kind == "AVIF" else 0)


def test_a_phone_jpeg_with_a_second_picture_behind_it() -> None:
    first, second = Image.fromarray(PICTURE), Image.new("RGB", (50, 50))
    data = encode(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert psnr(load(data).pixels, PICTURE) > 38


# ------------------------------------------------------------------------- orientation, size


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_turned_photos_come_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a camera with a long name, stored apart from its entry"
    options: dict[str, Any] = {"exif": exif.tobytes()}
    if kind == "WEBP":
        options["lossless"] = True
    data = encode(PICTURE, kind, **options)
    if kind in ("HEIF", "AVIF"):  # turned by the container's own marks, which it must agree with
        reference = Image.open(io.BytesIO(encode(PICTURE, "PNG", exif=exif.tobytes())))
    else:
        reference = Image.open(io.BytesIO(data))
    expected = np.asarray(ImageOps.exif_transpose(reference).convert("RGB"))
    found = load(data)
    assert found.pixels.shape == expected.shape
    assert (found.width, found.height) == expected.shape[1::-1]
    assert psnr(found.pixels, expected) > 34
    assert (found.width > found.height) == (orientation < 5)

    small = load(data, reduce_to=40)
    assert (small.width, small.height) == (found.width, found.height)
    assert small.scale == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, 6, 0)
    block = mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)
    assert load(encode(PICTURE, "JPEG", exif=b"Exif\0\0" + block)).width == HEIGHT


@pytest.mark.parametrize("reduce_to", [1, 50, 100, 201, 400, 401, 800, 801, 5000])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
def test_reduced_pictures_keep_the_long_side_asked_for(kind: str, reduce_to: int) -> None:
    picture = make_picture(801, 333)
    found = load(encode(picture, kind), reduce_to=reduce_to)
    height, width = found.pixels.shape[:2]
    assert (found.width, found.height) == (801, 333)
    assert width >= min(reduce_to, 801)
    assert width < 2 * reduce_to or round(801 / width) in (8, 1)
    assert round(801 / width) in (1, 2, 4, 8)
    assert min(width, height) >= photo.MIN_SIDE
    assert found.scale == width / 801
    averaged = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    assert psnr(found.pixels, averaged) > 33


# ------------------------------------------------------------------------------------ sources


def test_all_kinds_of_sources_agree(tmp_path: Path) -> None:
    data = encode(PICTURE, "JPEG")
    path = tmp_path / "münze 1 ¢.jpg"
    path.write_bytes(data)
    photos = [load(s) for s in (path, str(path), data, bytearray(data), memoryview(data))]
    for found in photos:
        assert np.array_equal(found.pixels, photos[0].pixels)
        assert found.sha256 == hashlib.sha256(data).hexdigest() == photo.hash_file(path)
    assert [p.source for p in photos] == [str(path)] * 2 + ["<bytes>"] * 3
    assert load(photos[0]) is photos[0]


def test_arrays() -> None:
    mine = PICTURE.copy()
    found = load(mine)
    mine[:] = 0
    assert np.array_equal(found.pixels, PICTURE)
    assert (found.width, found.height, found.source) == (WIDTH, HEIGHT, "<array>")
    assert found.sha256 == load(PICTURE).sha256
    assert found.sha256 != load(PICTURE.reshape(WIDTH, HEIGHT, 3)).sha256
    assert np.array_equal(load(PICTURE[..., 0]).pixels, np.stack([PICTURE[..., 0]] * 3, axis=2))
    assert load(PICTURE[::2, ::-1]).pixels.flags.c_contiguous
    for bad in (PICTURE.astype(float), PICTURE[..., :2], PICTURE[None], np.zeros(5, np.uint8)):
        with pytest.raises(errors.UsageError, match="uint8"):
            load(bad)
    with pytest.raises(errors.PhotoTooSmall):
        load(PICTURE[:5])


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    for kind in ("PNG", "GIF", "WEBP", "HEIF"):
        path = tmp_path / f"{kind}.jpg"
        path.write_bytes(encode(PICTURE, kind))
        assert load(path).width == WIDTH


def test_photo_names() -> None:
    for name in ("a.jpg", "B.JPEG", "dir/c.Heic", "x.tar.png", Path("d.tif")):
        assert photo.is_photo_name(name)
    for name in ("a.txt", "jpg", ".jpg", ".hidden.jpg", "a.jpg.part", "a.mp4", ""):
        assert not photo.is_photo_name(name)


# ------------------------------------------------------------------------------------- limits


def test_limits_are_checked_and_can_be_raised(tmp_path: Path) -> None:
    data = encode(PICTURE, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(errors.PhotoTooLarge, match=rf"allow {len(data)} bytes"):
            load(source, limits=Limits(bytes=len(data) - 1))
        load(source, limits=Limits(bytes=len(data)))
    with pytest.raises(errors.PhotoTooLarge, match=f"{len(data):,} bytes"):
        photo.hash_file(path, Limits(bytes=10))
    with pytest.raises(errors.PhotoTooLarge, match="97 x 61"):
        load(data, limits=Limits(megapixels=0.0059))
    load(data, limits=Limits(megapixels=0.006))

    large = encode(Image.new("1", (10_000, 9_000)), "PNG")  # Pillow alone would warn at this size
    with pytest.raises(errors.PhotoTooLarge, match=r"90 megapixels.*allow 91 "):
        load(large)
    found = load(large, limits=Limits(megapixels=91), reduce_to=1000)
    assert (found.width, found.pixels.shape[1]) == (10_000, 1250)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15), (30_000, 10)])
def test_too_small_to_hold_a_design(size: tuple[int, int]) -> None:
    with pytest.raises(errors.PhotoTooSmall, match=f"{size[0]} x {size[1]} pixels"):
        load(encode(Image.new("L", size), "PNG"))
    load(encode(Image.new("L", (16, 16)), "PNG"))


# ------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("read", [load, photo.hash_file])
def test_files_that_are_none(read: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(errors.PhotoMissing, match=r"nothing\.jpg: no such file"):
        read(tmp_path / "nothing.jpg")
    (tmp_path / "a.jpg").touch()
    with pytest.raises(errors.PhotoEmpty):
        read(tmp_path / "a.jpg")
    with pytest.raises(errors.PhotoMissing):
        read(tmp_path / "a.jpg" / "b.jpg")
    with pytest.raises(errors.PhotoUnreadable, match="a folder"):
        read(tmp_path)
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "away.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(errors.PhotoUnreadable):
        read(tmp_path / "loop.jpg")
    with pytest.raises(errors.PhotoMissing):
        read(tmp_path / "away.jpg")
    for bad in ("a\0b.jpg", "x" * 5000 + ".jpg"):
        with pytest.raises(errors.PhotoUnreadable) as caught:
            read(bad)
        assert len(str(caught.value)) < 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
@pytest.mark.parametrize("read", [load, photo.hash_file])
def test_pipes_sockets_and_devices_do_not_block(
    read: Callable[[Any], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    os.mkfifo("pipe.jpg")
    with pytest.raises(errors.PhotoUnreadable, match="a pipe"):
        read("pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        with pytest.raises(errors.PhotoUnreadable, match="a socket"):
            read("socket.jpg")
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(errors.PhotoUnreadable, match="a device"):
            read(device)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system here")
def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    earlier = Path(__file__).stat()
    monkeypatch.setattr(Path, "stat", lambda self, **_: earlier)  # it was a file then
    with pytest.raises(errors.PhotoUnreadable, match="a pipe"):
        load(pipe)


def test_no_permission() -> None:
    if not hasattr(os, "geteuid"):
        pytest.skip("no permission bits here")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "secret.jpg")
        path.write_bytes(encode(PICTURE, "JPEG"))
        path.chmod(0)
        Path(folder).chmod(0o755)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)  # permission bits do not bind root
        try:
            with pytest.raises(errors.PhotoUnreadable, match="no permission"):
                load(path)
            with pytest.raises(errors.PhotoUnreadable, match="no permission"):
                photo.hash_file(path)
        finally:
            if root:
                os.seteuid(0)


def test_an_error_says_what_where_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "note.jpg"
    path.write_text("BMW, a letter and no picture")
    with pytest.raises(errors.NotAPhoto) as caught:
        load(path)
    assert caught.value.where == str(path)
    assert caught.value.hint.startswith("use JPEG, PNG")
    with pytest.raises(errors.PhotoDamaged, match=r"damaged JPEG picture .*truncated"):
        load(encode(make_picture(300, 300), "JPEG")[:-300])


def test_samples_that_cannot_be_shown_are_refused() -> None:
    with pytest.raises(errors.NotAPhoto, match="8 or 16 bits"):
        load(encode(Image.fromarray(PICTURE[..., 0].astype(np.float32)), "TIFF"))


# ------------------------------------------------------------------------- warnings, threads


def png_with(chunk: bytes, content: bytes, times: int = 1) -> bytes:
    """The picture as PNG, with chunks of a kind put before its pixels."""
    data = encode(PICTURE, "PNG")
    extra = struct.pack(">I", len(content)) + chunk + content
    extra += struct.pack(">I", zlib.crc32(chunk + content))
    return data[:33] + extra * times + data[33:]


def exif_block(entry: bytes) -> bytes:
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


SOUND_EXIF = exif_block(struct.pack("<HHII", 0x010F, 2, 4, 0x414141))
CORRUPT_EXIF = exif_block(struct.pack("<HHII", 0x010F, 2, 900, 90_000))

ODD_BUT_FINE = {
    "a broken EXIF block": lambda: encode(PICTURE, "JPEG", exif=CORRUPT_EXIF),
    "a broken EXIF block in AVIF": lambda: encode(
        PICTURE, "AVIF", quality=95, exif=SOUND_EXIF
    ).replace(SOUND_EXIF[6:], CORRUPT_EXIF[6:]),
    "a broken EXIF block in WebP": lambda: encode(
        PICTURE, "WEBP", lossless=True, exif=CORRUPT_EXIF
    ),
    "a text that unpacks to 200 MB": lambda: png_with(
        b"zTXt", b"note\0\0" + zlib.compress(bytes(200_000_000), 9)
    ),
    "a text too long for Pillow": lambda: png_with(b"tEXt", b"note\0" + b"x" * 2_000_000),
    "an animation that is none": lambda: png_with(b"acTL", bytes(8), times=2),
    "bytes behind the end": lambda: encode(PICTURE, "PNG") + b"\0" * 1000,
    "bytes behind the end of a JPEG": lambda: encode(PICTURE, "JPEG", quality=95) + b"\0" * 1000,
    "a broken Photoshop block": lambda: (
        (data := encode(PICTURE, "JPEG", quality=95))[:2]
        + b"\xff\xed\x00\x1cPhotoshop 3.0\x008BIM\x03\xed\xff\xff\xff\xff"
        + data[2:]
    ),
}


@pytest.mark.parametrize("name", ODD_BUT_FINE)
def test_odd_metadata_neither_warns_nor_spoils_the_picture(name: str) -> None:
    data = ODD_BUT_FINE[name]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = load(data)
    assert caught == []
    assert psnr(found.pixels, PICTURE) > 34


@pytest.mark.parametrize(
    ("tag", "kind", "count", "message"),
    [(270, 2, 2**31, "larger than file|corrupt"), (259, 3, 2, "too many entries")],
)
def test_a_tiff_with_a_damaged_tag(tag: int, kind: int, count: int, message: str) -> None:
    data = bytearray(encode(PICTURE, "TIFF", description="d" * 50))
    at = data.index(struct.pack("<HH", tag, kind))
    data[at + 4 : at + 8] = struct.pack("<I", count)
    with pytest.warns(UserWarning, match=message):
        Image.open(io.BytesIO(bytes(data)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = load(bytes(data))
    assert caught == []
    assert np.array_equal(found.pixels, PICTURE)


def test_threads_do_not_disturb_each_other() -> None:
    sources = [
        *(LOSSLESS[name](make_picture(64 + i, 48)) for i, name in enumerate(LOSSLESS)),
        encode(PICTURE, "AVIF"),
        encode(Image.fromarray(PICTURE).quantize(64), "GIF"),
        encode(PICTURE, "HEIF"),
        encode(PICTURE, "JPEG"),
    ]
    alone = [load(s).pixels for s in sources]
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(load, sources * 12))
    for found, expected in zip(together, alone * 12, strict=True):
        assert np.array_equal(found.pixels, expected)
    assert warnings.filters == filters
    assert limit == Image.MAX_IMAGE_PIXELS


def test_importing_reads_no_decoder() -> None:
    code = "import sys, obverse.photo; print([m for m in sys.modules if 'PIL' in m or 'heif' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.data
def test_real_photos(data: Path) -> None:
    for path in sorted(data.glob("scenes_*/*.jpg"))[::40]:
        found = load(path)
        with Image.open(path) as image:
            expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        assert np.array_equal(found.pixels, expected), path
