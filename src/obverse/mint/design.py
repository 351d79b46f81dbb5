"""What a coin type says and shows, drawn from a seed: names, legends, layout of both sides.

A type is plain data; ``relief`` models it. Type ``index`` of a seed is always the same, however
many are asked for.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from obverse.mint.letters import Lettering, Text
from obverse.mint.motifs import MOTIFS, SCENES
from obverse.mint.ornament import BORDERS, FIELDS, FRAMES
from obverse.mint.rim import Outline

Rng = np.random.Generator

_ROOTS = [
    "Vald",
    "Kestr",
    "Mor",
    "Aur",
    "Thal",
    "Bel",
    "Corv",
    "Dren",
    "Elv",
    "Fjor",
    "Gal",
    "Hesp",
    "Istr",
    "Jorv",
    "Kar",
    "Lum",
    "Merid",
    "Nor",
    "Orl",
    "Pell",
    "Quar",
    "Rav",
    "Sel",
    "Tyr",
    "Umbr",
    "Ver",
    "Wend",
    "Yss",
    "Zar",
    "Alt",
    "Bran",
    "Cael",
    "Dor",
    "Est",
    "Fen",
    "Gryph",
    "Hal",
    "Ill",
    "Jas",
    "Kol",
]
_ENDINGS = [
    "oria",
    "ia",
    "ovia",
    "and",
    "mark",
    "onia",
    "avia",
    "aria",
    "esk",
    "elund",
    "istan",
    "ora",
    "inia",
    "etta",
    "mere",
    "wick",
]
_UNITS = [
    "DENAR",
    "CROWN",
    "FLORIN",
    "TALENT",
    "DUCAT",
    "LIRA",
    "GULDEN",
    "PESO",
    "MARK",
    "SOLIDUS",
    "OBOL",
    "TALER",
    "REAL",
    "DINAR",
    "STATER",
    "GROSZ",
    "PENNING",
    "SHILLING",
    "KRONA",
    "CENT",
]
_MOTTOES = [
    "LIBERTAS ET PAX",
    "CONCORDIA",
    "LABOR OMNIA VINCIT",
    "IN MARI SALVS",
    "LVX IN TENEBRIS",
    "FIDES PVBLICA",
    "VIRTVTE ET OPERE",
    "PER ASPERA AD ASTRA",
    "UNITAS",
    "SEMPER IDEM",
    "TERRA ET MARE",
    "PAX PERPETVA",
    "SCIENTIA ET ARS",
    "FORTITVDO",
    "JVSTITIA OMNIBVS",
    "SPES NOSTRA",
    "DVLCE LVMEN",
    "NON SIBI SED OMNIBVS",
]
_RULERS = [
    "AVRELIA",
    "CASSIAN",
    "DOMITIA",
    "ELENA",
    "FLORIAN",
    "GALERIA",
    "HELENA",
    "IVLIAN",
    "LAVRENTIA",
    "MARCELLVS",
    "NERVA",
    "OCTAVIA",
    "PAVLINA",
    "QVINTVS",
    "REGINA",
    "SEVERVS",
    "TITVS",
    "VALERIA",
    "MAXIMA",
    "LEONTIA",
]
_VALUES = (1, 2, 5, 10, 20, 25, 50, 100)
_METALS = ("silver", "silver", "gold", "gold", "copper", "bronze", "brass", "nickel", "nickel",
           "zinc", "brass/nickel", "nickel/brass")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Face:
    """One side.

    Attributes:
        layout: how the parts are arranged; see ``_LAYOUTS`` and ``relief``.
        motif: a key of ``MOTIFS``, or empty.
        seed: draws the motif and the ornaments.
        x, y, scale: where the motif goes.
        flip: mirrored left to right.
        texts: everything written, ``{year}`` standing for the date.
        border, field, frame: keys of ``ornament``.
        lettering: how letters look.
    """

    layout: str
    motif: str
    seed: int
    x: float
    y: float
    scale: float
    flip: bool
    texts: tuple[Text, ...]
    border: str
    field: str
    frame: str
    lettering: Lettering


@dataclass(frozen=True, slots=True)
class CoinType:
    """A coin type: what a catalogue would say about it, and both sides.

    Attributes:
        item: its id, readable and safe as a folder name: ``valdoria-5-denar-0007``.
        years: the years it was struck, ascending.
        metal: a key of ``METALS``, or ``ring/core`` of a bimetal coin.
        diameter_mm: across the circumscribed circle.
    """

    seed: int
    index: int
    item: str
    title: str
    country: str
    denomination: str
    years: tuple[int, ...]
    mint_mark: str
    metal: str
    outline: Outline
    diameter_mm: float
    obverse: Face
    reverse: Face

    def face(self, side: str) -> Face:
        """The obverse, or the reverse for any other side's name."""
        return self.obverse if side == "obverse" else self.reverse


def coin_type(seed: int, index: int) -> CoinType:
    """Type number ``index`` (0 …) of a seed; the same every time."""
    rng = np.random.default_rng([seed, index, 1])
    country = str(rng.choice(_ROOTS)) + str(rng.choice(_ENDINGS))
    value, unit = int(rng.choice(_VALUES)), str(rng.choice(_UNITS))
    first = int(rng.integers(1790, 2015))
    count = int(rng.integers(4, 13))
    years = tuple(sorted(int(y) for y in first + rng.choice(20, count, replace=False)))
    outline = _outline(rng)
    metal = str(rng.choice(_METALS[:10] if outline.hole else _METALS))
    mark = str(rng.choice(["", "", "A", "D", "F", "K", "M", "S", "V"]))
    # The two motifs come from a shuffled round of all motifs, so that neighbours differ.
    names = sorted(MOTIFS)
    cycle, place = divmod(index, len(names))
    deck = np.random.default_rng([seed, cycle, 2]).permutation(len(names))
    front = names[int(deck[place])]
    back = names[int(deck[(place + len(names) // 2 + cycle) % len(names)])]
    if index % 3 == 1:  # a third of all types show a ruler
        front = "head"
    year_in_front = bool(rng.random() < 0.45)
    letters = Lettering(
        float(rng.uniform(0.03, 0.085)),
        float(rng.uniform(0.9, 1.2)),
        float(rng.uniform(0.06, 0.26)),
    )
    common = (letters, str(rng.choice(BORDERS)), outline)
    ruler = str(rng.choice(_RULERS)) + str(rng.choice(["", " II", " IV", " REX", " PRIMVS"]))
    legend = (
        country.upper() if front != "head" or rng.random() < 0.4 else f"{ruler} · {country.upper()}"
    )
    date = (f"{{year}} {mark}" if mark else "{year}") if year_in_front else ""
    obverse = _front(rng, front, legend, date, *common)
    date = "" if year_in_front else (f"{{year}} {mark}" if mark else "{year}")
    said = country.upper() if rng.random() < 0.5 else str(rng.choice(_MOTTOES))
    reverse = _back(rng, back, value, unit, said, date, *common)
    denomination = f"{value} {unit.capitalize()}"
    return CoinType(
        seed=seed,
        index=index,
        item=f"{_slug(country)}-{value}-{unit.lower()}-{index:04d}",
        title=f"{country} {denomination}, {_describe(front)} / {_describe(back)}",
        country=country,
        denomination=denomination,
        years=years,
        mint_mark=mark,
        metal=metal,
        outline=outline,
        diameter_mm=round(float(rng.uniform(15, 39)), 1),
        obverse=obverse,
        reverse=reverse,
    )


def _outline(rng: Rng) -> Outline:
    kind = rng.random()
    hole = float(rng.uniform(0.15, 0.2)) if rng.random() < 0.07 else 0.0
    if kind < 0.80:
        return Outline("round", hole=hole)
    if kind < 0.91:
        return Outline("polygon", int(rng.choice([7, 8, 9, 10, 12])))
    return Outline("scallop", int(rng.choice([8, 10, 12])))


def _front(
    rng: Rng, motif: str, legend: str, date: str, letters: Lettering, edge: str, outline: Outline
) -> Face:
    field, cap = str(rng.choice(FIELDS)), float(rng.uniform(0.09, 0.115))
    layouts = ["around", "around", "band", "framed"] + ["exergue"] * 2 * (motif in SCENES)
    layout = "holed" if outline.hole else str(rng.choice(layouts))
    frame, x, y, scale = "none", 0.0, -0.02, 0.70
    motto = str(rng.choice(_MOTTOES))
    texts: list[Text]
    if layout == "holed":
        x, y, scale = 0.0, 0.0, 0.24
        texts = [Text(legend, cap, "top", 0.79, span=190)]
        texts.append(Text(date or motto, cap * 0.9, "bottom", 0.79, 270, span=120))
    elif layout == "band":
        frame, scale, y = str(rng.choice(["ring", "beaded"])), 0.58, 0.0
        if date:
            texts = [
                Text(legend, cap, "top", 0.79, span=225),
                Text(date, cap, "bottom", 0.79, 270, span=75),
            ]
        else:
            texts = [Text(f"{legend} · {motto} · ", cap, "top", 0.79, span=358)]
    elif layout == "framed":
        frame, scale, y = str(rng.choice(FRAMES[4:])), 0.50, 0.0
        texts = [Text(legend, cap * 0.9, "top", 0.81, span=200)]
        texts.append(Text(date or motto, cap * 0.9, "bottom", 0.81, 270, span=130))
    elif layout == "exergue":
        y, scale = 0.09, 0.66
        texts = [Text(legend, cap, "top", 0.79, span=215)]
        if date:
            texts.append(Text(date, cap * 1.15, y=-0.70, span=0.62))
        else:
            texts.append(Text(motto, cap * 0.8, y=-0.68, span=0.74))
    else:
        texts = [Text(legend, cap, "top", 0.80, span=235)]
        if date:
            texts.append(Text(date, cap * 1.05, "bottom", 0.80, 270, span=75))
        elif rng.random() < 0.5:
            texts.append(Text(motto, cap * 0.85, "bottom", 0.80, 270, span=95))
    return Face(layout, motif, int(rng.integers(1 << 30)), x, y, scale, bool(rng.random() < 0.5),
                tuple(texts), edge, field, frame, letters)  # fmt: skip


def _back(
    rng: Rng, motif: str, value: int, unit: str, said: str, date: str, letters: Lettering,
    edge: str, outline: Outline,
) -> Face:  # fmt: skip
    field, cap = str(rng.choice(FIELDS)), float(rng.uniform(0.085, 0.11))
    layout = str(
        rng.choice(["value", "value", "wreath", "split", "flank", "scene", "framed value"])
    )
    layout = "holed" if outline.hole else layout
    frame, x, y, scale = "none", 0.0, 0.0, 0.0
    big = 0.46 if value < 10 else 0.40
    texts = []
    if layout == "holed":
        texts = [
            Text(str(value), 0.26, y=0.46, span=0.5),
            Text(unit, cap * 1.2, y=-0.42, span=0.9),
            Text(said, cap, "top", 0.79, span=200),
        ]
        if date:
            texts.append(Text(date, cap, "bottom", 0.79, 270, span=90))
    elif layout in ("value", "framed value"):
        framed = layout == "framed value"
        frame = str(rng.choice(FRAMES[2:])) if framed else "none"
        lift = 0.86 if framed else 1.0
        texts = [
            Text(str(value), big * lift, y=0.12 * lift, span=0.8),
            Text(unit, cap * 1.35 * lift, y=-0.27 * lift, span=0.84 * lift),
            Text(said, cap, "top", 0.80, span=200),
        ]
        if date:
            texts.append(Text(date, cap * 1.1, "bottom", 0.80, 270, span=80))
    elif layout == "wreath":
        texts = [
            Text(str(value), big * 0.8, y=0.20, span=0.62),
            Text(unit, cap * 1.15, y=-0.10, span=0.78),
            Text(date or said, cap * 1.1, y=-0.30, span=0.66),
        ]
        if date and rng.random() < 0.6:
            texts.append(Text(said, cap * 0.8, "top", 0.83, span=70))
    elif layout == "split":
        y, scale = 0.17, 0.46
        texts = [
            Text(f"{value} {unit}", cap * 1.7, y=-0.45, span=1.12),
            Text(said, cap, "top", 0.80, span=200),
        ]
        if date:
            texts.append(Text(date, cap * 1.1, "bottom", 0.80, 270, span=80))
    elif layout == "flank":
        x, y, scale = 0.27, -0.03, 0.42
        texts = [
            Text(str(value), 0.32, x=-0.44, y=0.04, span=0.44),
            Text(unit, cap * 1.15, "bottom", 0.78, 270, span=95),
            Text(said, cap, "top", 0.80, span=190),
        ]
        if date:
            texts.append(Text(date, cap * 0.95, x=-0.43, y=-0.25, span=0.44))
    else:
        x, y, scale = 0.0, 0.0, 0.66
        texts = [
            Text(f"{value} {unit}", cap * 1.15, "bottom", 0.79, 270, span=120),
            Text(said + (f" · {date}" if date else ""), cap, "top", 0.79, span=205),
        ]
    return Face(layout, motif if scale else "", int(rng.integers(1 << 30)), x, y, scale,
                bool(rng.random() < 0.5), tuple(texts), edge, field, frame, letters)  # fmt: skip


def _describe(motif: str) -> str:
    return {"flight": "bird", "wader": "heron", "foliage": "leaf", "ears": "ears of grain"}.get(
        motif, motif
    )


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
