"""Looking by words over HTTP, with real models of transformers, tiny ones of random weights."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from obverse.errors import ModelError
from obverse.server.app import create_app
from obverse.server.settings import Settings
from tests.server.conftest import Coins, decode

tf = pytest.importorskip("transformers")

from tests.zoo.tiny import picture  # noqa: E402

pytestmark = pytest.mark.xdist_group("server")

Ask = Callable[..., httpx.Response]
PIXELS = picture(3, 90, 120)


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def ask(coins: Coins, tiny: Callable[[str], Path]) -> Any:
    """Ask a server that has all three models: a path, photos or None, fields."""
    models = {"classify": "clip", "detect": "owlvit", "segment": "clipseg"}
    named = {verb: str(tiny(name)) for verb, name in models.items()}
    app = create_app(Settings(str(coins.catalogue), models=named, behind_proxy=True))

    async def send(path: str, photo: bytes | None, fields: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            if photo is None:
                return await http.get(path)
            return await http.post(path, files={"photo": photo}, data=fields)

    yield lambda path, photo=None, **fields: asyncio.run(send(path, photo, fields))
    app.state.server.close()


def test_classify(ask: Ask, tiny: Callable[[str], Path]) -> None:
    labels, template = ["coin", "medal", "banknote"], "a {} of the eagle"
    told = ask("/v1/classify", png(PIXELS), labels=labels, template=template).json()["labels"]
    pipe = tf.pipeline("zero-shot-image-classification", model=str(tiny("clip")))
    theirs = pipe(Image.fromarray(PIXELS), candidate_labels=labels, hypothesis_template=template)
    assert [one["label"] for one in told] == [one["label"] for one in theirs]
    shares = [one["probability"] for one in told]
    assert shares == pytest.approx([one["score"] for one in theirs], abs=1e-4)


def test_detect(ask: Ask, tiny: Callable[[str], Path]) -> None:
    fields: dict[str, Any] = {"prompt": ["coin"], "threshold": "0.3"}
    told = ask("/v1/detect", png(PIXELS), **fields).json()["objects"]
    pipe = tf.pipeline("zero-shot-object-detection", model=str(tiny("owlvit")))
    theirs = pipe(Image.fromarray(PIXELS), candidate_labels=["coin"], threshold=0.3)
    assert told
    assert {one["prompt"] for one in told} == {"coin"}
    # Boxes that lie on a better one are left out: each of ours is one of theirs, the best among.
    scores = [one["score"] for one in theirs]
    assert all(min(abs(one["score"] - s) for s in scores) < 1e-3 for one in told)
    assert max(one["score"] for one in told) == pytest.approx(max(scores), abs=1e-3)
    none = ask("/v1/detect", png(PIXELS), **{**fields, "threshold": "1"}).json()
    assert none["objects"] == []


def test_segment(ask: Ask, tiny: Callable[[str], Path]) -> None:
    told = ask("/v1/segment", png(PIXELS), prompt="coin", threshold="0.5").json()
    mask = decode(ask(told["mask"]).content)
    assert mask.shape == PIXELS.shape[:2]
    assert float((mask > 127).mean()) == pytest.approx(told["share"], abs=1e-3)
    processor = tf.AutoProcessor.from_pretrained(tiny("clipseg"))
    model = tf.CLIPSegForImageSegmentation.from_pretrained(tiny("clipseg"))
    inputs = processor(
        text=["coin"], images=[Image.fromarray(PIXELS)], padding="max_length", return_tensors="pt"
    )
    likely = model(**inputs).logits.detach().sigmoid().squeeze().numpy()
    assert told["share"] == pytest.approx(float((likely >= 0.5).mean()), abs=0.05)


@pytest.mark.parametrize("verb", ["classify", "detect", "segment"])
def test_a_model_that_is_not_there_is_told_at_the_start(
    coins: Coins, tiny: Callable[[str], Path], tmp_path: Path, verb: str
) -> None:
    wrong = {"classify": "dinov2", "detect": "clip", "segment": "owlvit"}
    for model in (tmp_path / "none", tiny(wrong[verb])):
        with pytest.raises(ModelError):
            create_app(Settings(str(coins.catalogue), models={verb: str(model)}))


def test_what_makes_no_sense_is_refused(ask: Ask) -> None:
    assert ask("/v1/classify", png(PIXELS)).status_code == 422
    assert ask("/v1/detect", png(PIXELS), prompt="coin", threshold="2").status_code == 422
    assert ask("/v1/segment", b"no picture", prompt="coin").json()["code"] == "NotAPhoto"
