"""Finders that are told what to look for: ``owlvit:coin``, ``clipseg:the coin``.

A name is ``FAMILY:PROMPT`` or ``FAMILY:PROMPT@NAME_OR_FOLDER``, where the last part names the model
instead of the family's usual one. They need ``obverse[zoo]`` and are slow on a CPU; they find what
no other finder was made for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from obverse.errors import UsageError
from obverse.types import Finder, Photo, Region

FAMILIES = {
    "owlvit": "google/owlvit-base-patch32",
    "owlv2": "google/owlv2-base-patch16-ensemble",
    "grounding-dino": "IDEA-Research/grounding-dino-tiny",
    "clipseg": "CIDAS/clipseg-rd64-refined",
}
"""The models of Minderer et al. (2022, 2023), Liu et al. (2023), Lüddecke and Ecker (2022)."""


@dataclass(slots=True)
class PromptedFinder(Finder):
    """Boxes, or outlines from ``clipseg``, of what a prompt means.

    Attributes:
        name: in full, a folder as its absolute path.
    """

    name: str
    family: str
    prompt: str
    model: str

    def find(self, photo: Photo) -> list[Region]:
        """Every object, by its score times the root of its box's area; the whole picture where
        none is found."""
        from obverse.zoo import text

        if self.family == "clipseg":
            found = list(text.segment([photo], self.prompt, model=self.model)[0].objects)
        else:
            objects = text.detect([photo], [self.prompt], model=self.model)[0].objects
            found = [region for _, region in objects]
        if not found:
            box = (0.0, 0.0, float(photo.width), float(photo.height))
            return [Region(box, 0.0, whole=True, finder=self.name)]
        found.sort(key=lambda r: -r.score * _size(r))
        return [replace(region, finder=self.name) for region in found]


def get(name: str) -> PromptedFinder:
    """The finder of that name, its model loaded.

    Raises:
        UsageError: an unknown family, or no prompt.
        MissingExtra, ModelError: the model cannot be loaded.
    """
    family, _, rest = name.partition(":")
    prompt, _, model = rest.partition("@")
    prompt = " ".join(prompt.split())
    if family not in FAMILIES or not prompt:
        raise UsageError(
            f"unknown finder {name!r}",
            hint=f"write FAMILY:PROMPT with one of: {', '.join(FAMILIES)}",
        )
    from obverse.zoo import text

    load = text.segmenter if family == "clipseg" else text.detector
    loaded = load(model or FAMILIES[family])
    full = f"{family}:{prompt}@{loaded.name}" if model else f"{family}:{prompt}"
    return PromptedFinder(full, family, prompt, loaded.name)


def _size(region: Region) -> float:
    x0, y0, x1, y1 = region.box
    return float(((x1 - x0) * (y1 - y0)) ** 0.5)
