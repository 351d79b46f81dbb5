"""A light layer on queries, fitted on a catalogue's own views; nothing stored changes.

Directions in which two pictures of one object differ anyway are played down in the query before it
is compared; for a comparison by cosine that is linear discriminant analysis on the exemplar's side
(Hariharan, Malik and Ramanan, Discriminative Decorrelation, 2012). ``obverse adapt`` fits it.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from obverse.errors import CatalogueDamaged
from obverse.types import F32, Embedding, Evidence


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What is done to a query's embedding.

    Attributes:
        vector: float32 (dim, dim), applied to the vector, which is normalised again.
        channels: float32 (channels, channels), applied to each cell of the map.
        gain: by how much scores are raised again, so that probabilities fitted without the layer
            keep their meaning.
        model: the embedder it was fitted for, as manifests name it.
        card: what it was fitted on, and how well it did.
    """

    vector: F32
    channels: F32
    gain: float
    model: str
    card: dict[str, Any]

    def apply(self, query: Embedding) -> Embedding:
        """The query's embedding to compare views with; its map is stretched to fill int8."""
        vector = self.vector @ query.vector
        vector /= max(float(np.linalg.norm(vector)), 1e-9)
        mixed = np.tensordot(self.channels, query.map.astype(np.float32), axes=1)
        mixed *= 127.0 / max(float(np.abs(mixed).max()), 1e-9)
        return replace(query, vector=vector, map=np.rint(mixed).astype(np.int8))

    def raise_scores(self, scores: F32) -> F32:
        """Scores of layered queries on the scale of plain ones."""
        return np.asarray(np.minimum(scores * self.gain, 1.0), np.float32)

    def raise_evidence(self, evidence: Evidence) -> Evidence:
        """The same for evidence; its agreement still sums to its score."""
        score = min(evidence.score * self.gain, 1.0)
        share = score / evidence.score if evidence.score else 1.0
        agreement = evidence.agreement * np.float32(share)
        weakest = None if evidence.weakest is None else min(evidence.weakest * share, 1.0)
        return replace(evidence, score=score, agreement=agreement, weakest=weakest)

    def to_bytes(self) -> bytes:
        stream = io.BytesIO()
        said = {"gain": self.gain, "model": self.model, "card": self.card}
        np.savez(stream, vector=self.vector, channels=self.channels, said=json.dumps(said))
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, where: object = "") -> Layer:
        """Raises ``CatalogueDamaged`` for bytes that are no layer."""
        try:
            with np.load(io.BytesIO(data)) as stored:
                said = json.loads(str(stored["said"]))
                vector, channels = stored["vector"], stored["channels"]
            return cls(vector, channels, float(said["gain"]), said["model"], said["card"])
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise CatalogueDamaged(
                "its layer cannot be read", where=where, hint="take it off: obverse adapt --off"
            ) from error
