"""The whole picture as one region: for things that fill their picture, such as packages."""

from __future__ import annotations

from obverse.types import Finder, Photo, Region


class WholeFinder(Finder):
    """Takes the picture as it is. The region says ``whole=False``: the picture was asked for, it
    does not stand in for something that was not found."""

    name = "whole"

    def find(self, photo: Photo) -> list[Region]:
        """One region, the full picture, score 1."""
        box = (0.0, 0.0, float(photo.width), float(photo.height))
        return [Region(box=box, score=1.0, finder=self.name)]
