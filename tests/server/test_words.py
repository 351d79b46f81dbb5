"""Looking by words over HTTP: what is asked reaches the models that the server was started with."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import numpy as np
import pytest

from obverse.server.app import create_app
from obverse.server.settings import Settings
from obverse.types import Photo
from obverse.zoo import text
from tests.server.conftest import Coins

pytestmark = pytest.mark.xdist_group("server")


class Said:
    """Stands for what a model found: what it was asked."""

    def __init__(self, photos: list[Photo], words: Any, **options: Any) -> None:
        self.told = {"width": photos[0].width, "words": words, **options}

    def to_dict(self) -> dict[str, Any]:
        return self.told

    def image(self) -> np.ndarray[Any, Any]:
        return np.eye(8, dtype=np.uint8) * 255


@pytest.mark.parametrize(
    ("verb", "fields", "expected"),
    [
        (
            "classify",
            {"labels": ["a coin", "a note"], "template": "{}!"},
            {"words": ["a coin", "a note"], "template": "{}!", "model": "my-classify"},
        ),
        (
            "detect",
            {"prompt": ["coin"], "threshold": "0.3"},
            {"words": ["coin"], "threshold": 0.3, "model": "my-detect"},
        ),
        (
            "segment",
            {"prompt": "the coin"},
            {"words": "the coin", "threshold": None, "model": "my-segment"},
        ),
    ],
)
def test_words_reach_the_model(
    coins: Coins,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    fields: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    monkeypatch.setattr(text, verb, lambda photos, words, **told: [Said(photos, words, **told)])
    models = {name: f"my-{name}" for name in ("classify", "detect", "segment")}
    app = create_app(Settings(str(coins.catalogue), models=models, behind_proxy=True))

    async def ask() -> tuple[dict[str, Any], int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            files = {"photo": coins.photo()[1]}
            answer = await http.post(f"/v1/{verb}", files=files, data=fields)
            mask = answer.json().get("mask", "/healthz")
            return answer.json(), (await http.get(mask)).status_code

    try:
        told, picture = asyncio.run(ask())
    finally:
        app.state.server.close()
    assert told.pop("width") > 100
    assert (verb == "segment") == told.pop("mask", "").startswith("/v1/pictures/")
    assert told == expected
    assert picture == 200
