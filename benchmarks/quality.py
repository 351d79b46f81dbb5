"""Where photo quality begins to cost answers: ``python benchmarks/quality.py DATA [--write]``.

Photos of ``protocols/dev_wild.csv`` are made worse in one respect at a time, in steps, and asked
of a small catalogue: the 62 designs of the protocol and every eighth of its distractors. Half of
the designs choose the limits: the step is found, between two by interpolation, at which recall@1
falls through 0.9 of what it is untouched, and the limit is what three quarters of the photos made
so much worse are past. The other half is for reporting: hits among photos past that step, false
alarms among untouched ones. ``--photos DIR CSV`` (again and again) adds the warnings that other
photos get (column ``photo`` or ``file``). ``--write`` puts the limits into the package.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from obverse import normalise, quality, recipes
from obverse.photo import load
from obverse.pipeline import REDUCE_TO, Pipeline
from obverse.types import I8, U8, Array, Ellipse, Embedding, Patch, Photo, Region

Rng = np.random.Generator
Shot = tuple[U8, Ellipse]
"""A photo and the true ellipse of its coin."""
KEEP = 0.9
"""The limit is where recall@1 falls through this share of what it is untouched."""
SHARE = 0.25
"""Share of the photos made just so much worse that are not warned about: of what is measured on
them, the limit is this quantile."""
FOUND = 0.5
"""The finder's own threshold."""
DISTRACTORS = 8
"""Every so many of the protocol's other coins are in the catalogue."""
WILD, SCANS = "wild_dev", "worldcoins"


# -- one respect at a time: (photo, how much, chance) -> photo ----------------------------------


def cut(shot: Shot, depth: float, rng: Rng) -> Shot:
    """The picture's edge takes this share of the diameter off the coin."""
    pixels, e = shot
    x, y, h, w = e.cx, e.cy, *pixels.shape[:2]
    left, top = rng.choice([[1, 0], [-1, 0], [0, 1], [0, -1]])
    rim = e.points()
    reach = np.abs(rim - (x, y)).max(axis=0) * (1 - 2 * depth)
    x0 = max(0, math.ceil(x - reach[0])) if left > 0 else 0
    x1 = min(w, math.floor(x + reach[0])) if left < 0 else w
    y0 = max(0, math.ceil(y - reach[1])) if top > 0 else 0
    y1 = min(h, math.floor(y + reach[1])) if top < 0 else h
    return np.ascontiguousarray(pixels[y0:y1, x0:x1]), moved(e, -x0, -y0)


def cover(shot: Shot, share: float, rng: Rng, other: Shot) -> Shot:
    """Another coin of the same size lies over this share of the face."""
    pixels, e = shot
    over, o = other
    apart = distance_for(share)
    towards = rng.uniform(0, 2 * math.pi)
    x = e.cx + apart * e.a * math.cos(towards)
    y = e.cy + apart * e.a * math.sin(towards)
    zoom = math.sqrt(e.a * e.b / (o.a * o.b))
    move = np.array([[zoom, 0, x - zoom * o.cx], [0, zoom, y - zoom * o.cy]])
    mask = np.zeros(over.shape[:2], np.uint8)
    box = ((o.cx, o.cy), (2 * o.a - 2, 2 * o.b - 2), o.angle)
    cv2.ellipse(mask, box, (255,), -1, cv2.LINE_AA)
    size = (pixels.shape[1], pixels.shape[0])
    alpha = cv2.warpAffine(mask, move, size)[..., None] / 255.0
    top = cv2.warpAffine(over, move, size)
    return (pixels * (1 - alpha) + top * alpha).astype(np.uint8), e


def shrink(shot: Shot, diameter: float, rng: Rng) -> Shot:
    """The coin is this many pixels wide."""
    pixels, e = shot
    zoom = diameter / (2 * math.sqrt(e.a * e.b))
    if zoom >= 1:
        return shot
    h, w = pixels.shape[:2]
    to = (round(w * zoom), round(h * zoom))
    small = cv2.resize(pixels, to, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), e.scaled(zoom)


def tilt(shot: Shot, degrees: float, rng: Rng) -> Shot:
    """The coin is seen at this slant, from a distance of some four diameters."""
    pixels, e = shot
    flat = math.cos(math.radians(degrees))
    if e.b / e.a <= flat:
        return shot
    phi = math.radians(e.angle)
    c, s = math.cos(phi), math.sin(phi)
    spin = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    there = spin @ np.array([[1, 0, -e.cx], [0, 1, -e.cy], [0, 0, 1.0]])
    squash = np.diag([1.0, flat * e.a / e.b, 1.0])
    squash[2, 1] = 0.12 * math.sin(math.radians(degrees)) / e.a
    full = np.linalg.inv(there) @ squash @ there
    size = (pixels.shape[1], pixels.shape[0])
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.3 * e.b / (flat * e.a)) if degrees > 30 else pixels
    seen = cv2.warpPerspective(soft, full, size, borderMode=cv2.BORDER_REPLICATE)
    rim = cv2.perspectiveTransform(e.points()[None], full)[0].astype(np.float32)
    (x, y), (wide, high), angle = cv2.fitEllipse(rim)
    a, b, angle = (wide, high, angle) if wide >= high else (high, wide, angle + 90)
    return np.asarray(seen, np.uint8), Ellipse(x, y, a / 2, b / 2, angle % 180)


def expose(shot: Shot, stops: float, rng: Rng) -> Shot:
    """Fewer or more stops of light, with the sensor's noise of that light."""
    linear = (shot[0] / 255.0) ** 2.2 * 2.0**stops
    noise = rng.standard_normal(linear.shape) * np.sqrt(0.003**2 + 0.01**2 * np.maximum(linear, 0))
    return (255 * np.clip(linear + noise, 0, 1) ** (1 / 2.2)).astype(np.uint8), shot[1]


def glare(shot: Shot, share: float, rng: Rng) -> Shot:
    """A lamp mirrored in the coin burns this share of its face out, and hazes some more."""
    pixels, e = shot
    h, w = pixels.shape[:2]
    towards, at = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.6) * e.b
    x, y = e.cx + at * math.cos(towards), e.cy + at * math.sin(towards)
    long = math.sqrt(rng.uniform(1, 3))
    lean = rng.uniform(0, math.pi)
    u = (np.arange(w) - x) * math.cos(lean) + ((np.arange(h) - y) * math.sin(lean))[:, None]
    v = (np.arange(h) - y)[:, None] * math.cos(lean) - (np.arange(w) - x) * math.sin(lean)
    radius = math.sqrt(share * e.a * e.b)
    away = np.hypot(u / (radius * long), v / (radius / long))
    light = 255 * np.exp(-(np.maximum(away - 1, 0) ** 2) / 0.15)
    return np.clip(pixels + light[..., None], 0, 255).astype(np.uint8), e


def defocus(shot: Shot, sigma: float, rng: Rng) -> Shot:
    """A Gaussian of this share of the diameter."""
    pixels, e = shot
    soft = cv2.GaussianBlur(pixels, (0, 0), sigma * 2 * math.sqrt(e.a * e.b))
    return grainy(soft, rng), e


def shake(shot: Shot, sigma: float, rng: Rng) -> Shot:
    """A straight motion whose standard deviation is this share of the diameter."""
    pixels, e = shot
    length = max(3, 2 * round(sigma * 2 * math.sqrt(e.a * e.b) * math.sqrt(3)) + 1)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    middle = ((length - 1) / 2,) * 2
    spin = cv2.getRotationMatrix2D(middle, rng.uniform(0, 180), 1.0)
    line = cv2.warpAffine(kernel, spin, (length, length))
    return grainy(cv2.filter2D(pixels, -1, line / line.sum()), rng), e


def grainy(pixels: Array, rng: Rng) -> U8:
    """With the sensor's noise, which no lens blurs."""
    return np.clip(pixels + rng.normal(0, 2.5, pixels.shape), 0, 255).astype(np.uint8)


def moved(e: Ellipse, x: float, y: float) -> Ellipse:
    return Ellipse(e.cx + x, e.cy + y, e.a, e.b, e.angle)


def distance_for(share: float) -> float:
    """Distance in radii at which one of two equal discs covers this share of the other."""
    d = np.linspace(0, 2, 2001)
    lens = (2 * np.arccos(d / 2) - d / 2 * np.sqrt(4 - d * d)) / np.pi
    return float(np.interp(-share, -lens, d))


Change = Callable[..., Shot]
CHANGES: dict[str, tuple[str, Change, tuple[float, ...]]] = {
    "cut off": ("cut off", cut, (0.05, 0.1, 0.2, 0.3, 0.4)),
    "covered": ("covered", cover, (0.05, 0.1, 0.2, 0.3, 0.45)),
    "too small": ("too small", shrink, (110, 80, 60, 45, 34, 26)),
    "oblique": ("oblique", tilt, (35, 45, 52, 59, 65, 70)),
    "too dark": ("too dark", expose, (-2, -3, -4, -5, -6)),
    "too bright": ("too bright", expose, (1, 2, 3, 4)),
    "glare": ("glare", glare, (0.05, 0.1, 0.2, 0.3, 0.45)),
    "blurred": ("blurred", defocus, (0.006, 0.01, 0.015, 0.02, 0.028, 0.04)),
    "shaken": ("blurred", shake, (0.006, 0.01, 0.015, 0.02, 0.028, 0.04)),
}
"""Name: the measure that shall notice it, what is done, and in which steps."""
CHOOSERS = ("cut off", "covered", "too small", "oblique", "too dark", "too bright", "glare",
            "blurred")  # fmt: skip
"""Those that choose a limit; motion is only reported."""


# -- asking -------------------------------------------------------------------------------------


class Asker:
    """The small catalogue, held in memory."""

    def __init__(self, data: Path) -> None:
        self.pipeline = Pipeline(recipes.get("coin"))
        self.items: list[str] = []
        found: list[Embedding] = []
        others = 0
        with (data / "protocols" / "dev_wild.csv").open(newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["role"] == "catalogue"]
        for row in rows:
            if not row["photo"].startswith(f"{SCANS}/dev"):
                others += 1
                if others % DISTRACTORS:
                    continue
            patch = self.pipeline.look(load(data / row["photo"], reduce_to=REDUCE_TO))
            found += self.pipeline.embed([patch])
            self.items.append(row["item"])
        self.maps: I8 = np.stack([e.map for e in found])
        print(f"{len(self.items)} views", file=sys.stderr)

    def ask(self, pixels: U8, truth: Ellipse) -> tuple[str, Photo, Patch]:
        """The best item for the region nearest to the true ellipse."""
        photo = Photo(pixels, pixels.shape[1], pixels.shape[0], "", "")
        regions = self.pipeline.find(photo)
        region = min(regions, key=lambda r: far(r, truth))
        patch = self.pipeline.normalise(photo, region)
        scores, _ = self.pipeline.verifier.scores(self.pipeline.embed_query(patch), self.maps)
        return self.items[int(scores.argmax())], photo, patch


def far(region: Region, truth: Ellipse) -> float:
    if region.ellipse is None:
        return math.inf
    e = region.ellipse
    return math.hypot(e.cx - truth.cx, e.cy - truth.cy) + abs(e.a - truth.a)


def shots(data: Path, most: int) -> Iterator[tuple[str, str, Shot]]:
    """(name, item, photo) of known coins, so many of each half of the designs."""
    with (data / WILD / "wild.csv").open(newline="") as stream:
        truth = {row["photo"]: row for row in csv.DictReader(stream)}
    with (data / "protocols" / "dev_wild.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["role"] == "query"]
    for half in ("choose", "report"):
        mine = [row for row in rows if half_of(row["item"]) == half]
        for i in np.linspace(0, len(mine) - 1, min(most, len(mine))).astype(int):
            name = Path(mine[i]["photo"]).name
            t = {k: float(truth[name][k]) for k in ("cx", "cy", "a", "b", "ellipse_angle")}
            e = Ellipse(t["cx"], t["cy"], t["a"], t["b"], t["ellipse_angle"])
            yield name, mine[i]["item"], (load(data / WILD / name).pixels, e)


def half_of(item: str) -> str:
    return "choose" if zlib.crc32(item.encode()) % 2 else "report"


def ask_all(data: Path, most: int) -> list[dict[str, Any]]:
    """One row per photo, change and step: what was measured, and whether the answer was right."""
    asker = Asker(data)
    everything = list(shots(data, most))
    rows = []
    for i, (name, item, shot) in enumerate(everything):
        other = everything[(i + 7) % len(everything)][2]
        jobs: list[tuple[str, float]] = [("", 0.0)]
        jobs += [(change, step) for change, (_, _, steps) in CHANGES.items() for step in steps]
        for change, step in jobs:
            rng = np.random.default_rng([i, zlib.crc32(change.encode())])
            pixels, truth = shot
            if change:
                make = CHANGES[change][1]
                pixels, truth = make(shot, step, rng, *([other] if make is cover else []))
                pixels = jpeg(pixels)
            answer, photo, patch = asker.ask(pixels, truth)
            begun = time.perf_counter()
            measured = quality.measure(photo, patch)
            rows.append({
                "photo": name, "half": half_of(item), "change": change, "step": step,
                "right": answer == item, "measured": measured,
                "ms": 1e3 * (time.perf_counter() - begun),
            })  # fmt: skip
        print(f"{i + 1} of {len(everything)} photos", file=sys.stderr)
    return rows


def jpeg(pixels: U8) -> U8:
    _, code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    bgr = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return bgr[..., ::-1]


# -- choosing and reporting ---------------------------------------------------------------------


def choose(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The limit of every measure, from rows of the choosing half."""
    plain = [r for r in rows if not r["change"]]
    base = float(np.mean([r["right"] for r in plain]))
    limits = {"not found": FOUND}
    for change in CHOOSERS:
        name, _, steps = CHANGES[change]
        worse = quality.MEASURES[name].worse
        groups = [plain] + [
            [r for r in rows if (r["change"], r["step"]) == (change, s)] for s in steps
        ]
        recall = [float(np.mean([r["right"] for r in g])) for g in groups]
        at = next(i for i, value in enumerate(recall) if value < KEEP * base)
        before, after = (
            float(np.quantile([r["measured"][name] for r in g if name in r["measured"]],
                              SHARE if worse > 0 else 1 - SHARE))
            for g in groups[at - 1 : at + 1]
        )  # fmt: skip
        part = (recall[at - 1] - KEEP * base) / (recall[at - 1] - recall[at])
        limits[name] = float(f"{before + part * (after - before):.3g}")
    return {name: limits[name] for name in quality.MEASURES}


def summary(rows: list[dict[str, Any]], limits: dict[str, float]) -> Iterator[str]:
    """Recall and warnings at every step, as Markdown."""
    plain = [r for r in rows if not r["change"]]
    base = np.mean([r["right"] for r in plain])
    alarms = [bool(quality.judge(r["measured"], limits)) for r in plain]
    yield f"untouched: {len(plain)} photos, recall@1 {base:.3f}, warned {np.mean(alarms):.3f}"
    for name in quality.MEASURES:
        told = [any(i.name == name for i in quality.judge(r["measured"], limits)) for r in plain]
        if any(told):
            yield f"- {name}: {np.mean(told):.3f}"
    yield ""
    yield "| change | limit | step: recall@1, this warning, any warning | hits | any |"
    yield "| --- | ---: | --- | ---: | ---: |"
    for change, (name, _, steps) in CHANGES.items():
        cells = []
        past: list[tuple[bool, bool]] = []
        for step in steps:
            mine = [r for r in rows if r["change"] == change and r["step"] == step]
            recall = float(np.mean([r["right"] for r in mine]))
            warned = [[i.name for i in quality.judge(r["measured"], limits)] for r in mine]
            hit, any_ = [name in w for w in warned], [bool(w) for w in warned]
            cells.append(f"{step:g}: {recall:.2f}, {np.mean(hit):.2f}, {np.mean(any_):.2f}")
            if recall < KEEP * base:
                past += zip(hit, any_, strict=True)
        both = [f"{np.mean([p[i] for p in past]):.3f}" if past else "–" for i in (0, 1)]
        yield f"| {change} | {limits[name]:g} | {'; '.join(cells)} | {both[0]} | {both[1]} |"


def alarms_on(folder: Path, table: Path, limits: dict[str, float]) -> Iterator[str]:
    """Which warnings real photos get."""
    pipeline = Pipeline(recipes.get("coin"))
    told: list[tuple[str, ...]] = []
    with table.open(newline="") as stream:
        for row in csv.DictReader(stream):
            name = row.get("photo") or row["file"]
            photo = load(folder / name, reduce_to=REDUCE_TO)
            patch = normalise.disc(photo, pipeline.find(photo)[0])
            issues = quality.judge(quality.measure(photo, patch), limits)
            told.append(tuple(i.name for i in issues))
            if issues:
                words = ", ".join(f"{i.name} ({i.measured:.3g})" for i in issues)
                print(f"{name}: {words}", file=sys.stderr)
    yield f"{folder.name}: {len(told)} photos, warned {np.mean([bool(t) for t in told]):.3f}"
    for name in quality.MEASURES:
        if n := sum(name in t for t in told):
            yield f"- {name}: {n}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="where protocols/, worldcoins/, wild_dev/ are")
    parser.add_argument("--most", type=int, default=75, help="photos of each half")
    parser.add_argument("--rows", type=Path, help="keep what was measured there, and use it again")
    parser.add_argument(
        "--photos", type=Path, nargs=2, metavar=("DIR", "CSV"), action="append", default=[]
    )
    parser.add_argument("--write", action="store_true", help="put the limits into the package")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.rows is not None and args.rows.exists():
        rows = json.loads(args.rows.read_text())
    else:
        rows = ask_all(args.data, args.most)
        if args.rows is not None:
            args.rows.write_text(json.dumps(rows))
    halves = {h: [r for r in rows if r["half"] == h] for h in ("choose", "report")}
    limits = choose(halves["choose"])
    print(json.dumps(limits, indent=1))
    for half in halves:
        print(f"\n## {half}\n")
        print("\n".join(summary(halves[half], limits)))
    print(f"\nmeasuring takes {np.median([r['ms'] for r in rows]):.1f} ms")
    if args.write:
        count = len({r["photo"] for r in halves["choose"]})
        card = {
            "measured_on": f"{count} photos of dev_wild, half of its designs, each made worse in "
            f"one respect at a time",
            "rule": f"what {1 - SHARE:.0%} of photos are past at the step at which recall@1 falls "
            f"through {KEEP} of what it is untouched; not found: the finder's own threshold",
            "date": datetime.date.today().isoformat(),
            "command": "python benchmarks/quality.py DATA --write",
        }
        path = Path(quality.__file__).parent / "models" / "quality.json"
        path.write_text(json.dumps({"limits": limits, "card": card}, indent=1) + "\n")
    for folder, table in args.photos:
        print("\n" + "\n".join(alarms_on(folder, table, limits)), flush=True)


if __name__ == "__main__":
    main()
