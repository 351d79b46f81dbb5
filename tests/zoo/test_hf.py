"""Image models of ``transformers`` against the library's own classes and pipelines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from obverse.errors import MissingExtra, ModelError, UsageError
from obverse.types import F32, U8

tf = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

from obverse.zoo import hf, hub  # noqa: E402
from obverse.zoo.hf import HfDescriptor  # noqa: E402
from tests.zoo.tiny import images, picture  # noqa: E402

Tiny = Callable[[str], Path]
PICTURES = [picture(seed, 40 + 7 * seed, 70 - 5 * seed) for seed in range(11)]


def prepared(folder: Path, kind: str, image: U8) -> Any:
    """One picture through the library's own processor of that kind."""
    reader = type(images(kind)).from_pretrained(folder)
    return reader(images=image, return_tensors="pt")


def states(folder: Path, model: Any, kind: str) -> np.ndarray:
    """Hidden states of every picture, one at a time."""
    with torch.no_grad():
        found = [model(**prepared(folder, kind, p)).last_hidden_state[0] for p in PICTURES]
    return torch.stack(found).numpy()


def close(mine: F32, theirs: Any) -> None:
    assert mine.dtype == np.float32
    np.testing.assert_allclose(mine, np.asarray(theirs), atol=2e-5)
    assert np.ptp(mine, axis=0).max() > 0.01, "the pictures must differ for this to mean anything"


@pytest.mark.parametrize(("name", "kind"), [("clip", "CLIP"), ("siglip", "Siglip")])
def test_two_towers_give_the_vectors_shared_with_words(tiny: Tiny, name: str, kind: str) -> None:
    folder = tiny(name)
    model = getattr(tf, f"{kind}Model").from_pretrained(folder).eval()
    with torch.no_grad():
        found = [model.get_image_features(**prepared(folder, kind, p)) for p in PICTURES]
    theirs = torch.cat([getattr(f, "pooler_output", f) for f in found])
    mine = HfDescriptor(f"hf:{folder}")
    assert mine.name == f"hf:{folder}:pooled"
    assert mine.dim == theirs.shape[1]
    close(mine.describe(PICTURES), theirs)


@pytest.mark.parametrize(("name", "kind"), [("clip", "CLIP"), ("siglip", "Siglip")])
def test_words_in_the_same_space(tiny: Tiny, name: str, kind: str) -> None:
    folder, texts = tiny(name), ["a coin", "the medal of a eagle", "photo"]
    model = getattr(tf, f"{kind}Model").from_pretrained(folder).eval()
    words = tf.AutoTokenizer.from_pretrained(folder)
    how = {"padding": "max_length", "max_length": 64} if name == "siglip" else {"padding": True}
    with torch.no_grad():
        found = model.get_text_features(**words(texts, return_tensors="pt", **how))
    mine = HfDescriptor(str(folder)).describe_text(texts)
    close(mine, getattr(found, "pooler_output", found))
    long = HfDescriptor(str(folder)).describe_text(["coin " * 300])
    assert np.isfinite(long).all(), "a long text is cut, no error"


def test_a_class_token(tiny: Tiny) -> None:
    folder = tiny("vit")
    pipe = tf.pipeline(
        "image-feature-extraction",
        model=tf.ViTModel.from_pretrained(folder, add_pooling_layer=False),
        image_processor=type(images("ViT")).from_pretrained(folder),
    )
    theirs = [pipe(_pil(p))[0][0] for p in PICTURES]
    mine = HfDescriptor(str(folder))
    # The file of a classifier has no pooler: the library makes up random weights for one.
    assert mine.pool == "cls"
    close(mine.describe(PICTURES), theirs)
    with pytest.raises(UsageError, match="cannot be pooled by 'pooled'; choose one of: cls"):
        HfDescriptor(f"{folder}:pooled")
    assert HfDescriptor(str(folder)).fingerprint == mine.fingerprint


def test_patches_without_the_class_token_and_registers(tiny: Tiny) -> None:
    folder = tiny("dinov2")
    model = tf.Dinov2WithRegistersModel.from_pretrained(folder).eval()
    tokens = states(folder, model, "Bit")
    assert tokens.shape[1] == 1 + 4 + 2 * 2
    patches = tokens[:, 5:]
    close(HfDescriptor(f"{folder}:cls").describe(PICTURES), tokens[:, 0])
    close(HfDescriptor(f"{folder}:mean").describe(PICTURES), patches.mean(axis=1))
    gem = np.cbrt((np.maximum(patches, 1e-6) ** 3).mean(axis=1))
    close(HfDescriptor(f"{folder}:gem").describe(PICTURES), gem)
    # DINOv2's own output is its class token.
    close(HfDescriptor(str(folder)).describe(PICTURES), tokens[:, 0])


def test_a_feature_map(tiny: Tiny) -> None:
    folder = tiny("resnet")
    model = tf.ResNetForImageClassification.from_pretrained(folder).resnet.eval()
    maps = states(folder, model, "ConvNext")
    close(HfDescriptor(str(folder)).describe(PICTURES), maps.mean(axis=(2, 3)))
    gem = np.cbrt((np.maximum(maps, 1e-6) ** 3).mean(axis=(2, 3)))
    close(HfDescriptor(f"{folder}:gem").describe(PICTURES), gem)
    with pytest.raises(UsageError, match="cannot be pooled by 'cls'"):
        HfDescriptor(f"{folder}:cls")


@pytest.mark.parametrize(
    ("name", "model", "kind", "pool"),
    [
        ("swin", "SwinModel", "ViT", "pooled"),
        ("beit", "BeitModel", "Beit", "pooled"),
        ("convnext", "ConvNextModel", "ConvNext", "pooled"),
        ("siglip2", "Siglip2VisionModel", "Siglip2", "pooled"),
        ("swin", "SwinModel", "ViT", "mean"),
        ("convnext", "ConvNextModel", "ConvNext", "mean"),
        ("beit", "BeitModel", "Beit", "cls"),
    ],
)
def test_other_families(tiny: Tiny, name: str, model: str, kind: str, pool: str) -> None:
    """Each picture by itself through the library's own processor and model, wide or tall."""
    folder = tiny(name)
    theirs = getattr(tf, model).from_pretrained(folder).eval()
    rows = []
    with torch.no_grad():
        for image in PICTURES:
            out = theirs(**prepared(folder, kind, image))
            tokens = out.last_hidden_state
            mean = tokens.mean(dim=(2, 3) if tokens.ndim == 4 else 1)[0]
            rows.append({"pooled": out.pooler_output[0], "mean": mean, "cls": tokens[0, 0]}[pool])
    mine = HfDescriptor(f"{folder}:{pool}")
    close(mine.describe(PICTURES), torch.stack(rows))
    alone = np.concatenate([mine.describe([image]) for image in PICTURES])
    np.testing.assert_allclose(mine.describe(PICTURES), alone, atol=1e-5)
    if pool == "pooled":
        assert HfDescriptor(str(folder)).pool == pool, "it is what nobody needs to name"


def test_a_masked_autoencoder_sees_the_whole_picture(tiny: Tiny) -> None:
    """By default the library hides three of four patches, others each time."""
    folder = tiny("mae")
    mine = HfDescriptor(str(folder)).describe(PICTURES)
    theirs = tf.ViTMAEModel.from_pretrained(folder, mask_ratio=0.0).eval()
    close(mine, states(folder, theirs, "ViT")[:, 0])
    np.testing.assert_allclose(HfDescriptor(str(folder)).describe(PICTURES), mine, atol=1e-5)


@pytest.mark.parametrize("name", ["clip", "siglip", "dinov2", "vit", "resnet"])
def test_fast_processors_are_read_as_plain_ones(tiny: Tiny, tmp_path: Path, name: str) -> None:
    """Files of today name processors that need torchvision and round otherwise."""
    folder = Path(shutil.copytree(tiny(name), tmp_path / "fast"))
    said = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    said["image_processor_type"] = said["image_processor_type"].removesuffix("Pil") + "Fast"
    (folder / "preprocessor_config.json").write_text(json.dumps(said), "utf-8")
    mine, fast = (HfDescriptor(str(f)) for f in (tiny(name), folder))
    np.testing.assert_array_equal(fast.describe(PICTURES), mine.describe(PICTURES))
    assert fast.fingerprint == mine.fingerprint


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="it is there")
def test_a_processor_that_needs_torchvision_says_so(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("vit"), tmp_path / "three"))
    said = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    said["image_processor_type"] = "DINOv3ViTImageProcessorFast"
    (folder / "preprocessor_config.json").write_text(json.dumps(said), "utf-8")
    with pytest.raises(MissingExtra, match="three: needs torchvision; pip install torchvision"):
        HfDescriptor(str(folder))


def test_tokens_without_a_class_token(tiny: Tiny) -> None:
    folder = tiny("siglip")
    model = tf.SiglipModel.from_pretrained(folder).vision_model.eval()
    tokens = states(folder, model, "Siglip")
    close(HfDescriptor(f"{folder}:mean").describe(PICTURES), tokens.mean(axis=1))
    with pytest.raises(UsageError, match="choose one of: pooled, mean, gem"):
        HfDescriptor(f"{folder}:cls")
    with pytest.raises(UsageError, match="shares no space with words"):
        HfDescriptor(f"{folder}:mean").describe_text(["coin"])


def test_batches_and_none(tiny: Tiny) -> None:
    mine = HfDescriptor(str(tiny("clip")))
    alone = np.concatenate([mine.describe([p]) for p in PICTURES])
    np.testing.assert_allclose(mine.describe(PICTURES), alone, atol=1e-5)
    assert mine.describe([]).shape == (0, mine.dim)


def test_a_fingerprint_names_weights_preprocessing_and_pooling(tiny: Tiny, tmp_path: Path) -> None:
    folder = tiny("dinov2")
    prints = {HfDescriptor(f"{folder}:{pool}").fingerprint for pool in ("cls", "mean", "gem")}
    assert len(prints) == 3
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    assert HfDescriptor(f"{moved}:cls").fingerprint in prints, "a place is not a model"
    said = json.loads((moved / "preprocessor_config.json").read_text("utf-8"))
    said["image_mean"] = [0.1, 0.2, 0.3]
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    (other / "preprocessor_config.json").write_text(json.dumps(said), "utf-8")
    assert HfDescriptor(f"{other}:cls").fingerprint not in prints
    model = tf.Dinov2WithRegistersModel.from_pretrained(folder)
    with torch.no_grad():
        model.layernorm.bias[0] += 1e-3
    trained = Path(shutil.copytree(folder, tmp_path / "trained"))
    model.save_pretrained(trained)
    assert HfDescriptor(f"{trained}:cls").fingerprint not in prints


@pytest.mark.parametrize("name", ["", ":cls", "owner/model:median"])
def test_names_that_make_no_sense(name: str) -> None:
    with pytest.raises(UsageError, match=r"no model is named|unknown pooling 'median'"):
        hf.get(f"hf:{name}")


def test_folders_that_hold_no_model(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no such folder; name a folder with config.json"):
        hf.get(f"hf:{tmp_path}/nope")
    with pytest.raises(ModelError, match="cannot be read as a model"):
        hf.get(f"hf:{tmp_path}")
    cut = Path(shutil.copytree(tiny("vit"), tmp_path / "cut"))
    data = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="cannot be read as a model"):
        hf.get(f"hf:{cut}")
    blind = tmp_path / "blind"
    words = tf.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    tf.BertModel(words).save_pretrained(blind)
    images("ViT").save_pretrained(blind)
    with pytest.raises(ModelError, match="is no model of pictures"):
        hf.get(f"hf:{blind}")


def test_weights_that_are_missing_are_never_made_up(tiny: Tiny, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny("dinov2"), tmp_path / "holes"))
    weights = load_file(folder / "model.safetensors")
    del weights["layernorm.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 of the weights .*layernorm.weight"):
        hf.get(f"hf:{folder}")


def test_advice_where_no_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    class Answered(Exception):
        response = object()

    def fail(error: Exception) -> None:
        def ask(*args: Any, **kwargs: Any) -> None:
            assert kwargs["timeout"] <= 10
            raise error

        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", ask)

    fail(OSError("Name or service not known"))
    with pytest.raises(ModelError) as told:
        hf.get("hf:nobody/nothing-of-this-name")
    said = str(told.value)
    assert said.startswith("nobody/nothing-of-this-name: it is no folder and not in the cache ")
    assert huggingface_hub.constants.HF_HUB_CACHE in said
    assert "hf download nobody/nothing-of-this-name; or give the folder that holds it" in said
    fail(Answered())
    with pytest.raises(ModelError, match="the hub shows none of that name; check the name"):
        hf.get("hf:nobody/nothing-of-this-name")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(MissingExtra, match=r"needs torch; pip install 'obverse\[zoo\]'"):
        hf.get("hf:openai/clip-vit-base-patch32")


def test_devices() -> None:
    assert hub.choose_device("cpu") == "cpu"
    assert hub.choose_device() in ("cpu", "cuda", "mps")
    with pytest.raises(UsageError, match=r"unknown device 'tpu'; choose one of: auto, .*cpu"):
        hub.choose_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="this machine has no device 'cuda'"):
            hub.choose_device("cuda")


def _pil(image: U8) -> Any:
    from PIL import Image

    return Image.fromarray(image)
