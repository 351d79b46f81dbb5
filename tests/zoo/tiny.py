"""Tiny models of ``transformers`` with random weights, saved as the hub would: no download.

The configurations are the library's; the tokenisers' files are written here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as tf
from PIL import Image

WORDS = ("coin", "medal", "obverse", "reverse", "banknote", "photo", "of", "a", "the", "eagle")
LAYERS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
VISION = {**LAYERS, "intermediate_size": 37, "image_size": 32, "patch_size": 8}
BPE_SIZE = 560
"""256 bytes, these at a word's end, merges, two marks; the rest to spare."""


def picture(seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    """Smooth random colours, uint8 (h, w, 3)."""
    rough = np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC))


def images(name: str, **settings: Any) -> Any:
    """An image processor that needs no torchvision, whatever the library's version calls it."""
    made = getattr(tf, f"{name}ImageProcessorPil", None) or getattr(tf, f"{name}ImageProcessor")
    return made(**settings)


def square(side: int) -> dict[str, Any]:
    return {"size": {"height": side, "width": side}}


def write_bpe(folder: Path) -> int:
    """CLIP's kind of tokeniser, with a few whole words; returns the id of its end mark."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in shown] + [chr(256 + n) for n in range(256 - len(shown))]
    tokens, merges = [*letters, *(f"{letter}</w>" for letter in letters)], ["#version: 0.2"]
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            pair = f"{parts[0]} {parts[1]}"
            merges += [pair] if pair not in merges else []
            parts[:2] = ["".join(parts[:2])]
            tokens += [parts[0]] if parts[0] not in tokens else []
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    assert len(tokens) <= BPE_SIZE
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", "utf-8")
    mark = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
    said = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16, **mark}
    said |= {"unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")
    return vocabulary["<|endoftext|>"]


def write_wordpieces(folder: Path) -> None:
    """BERT's kind, its marks and the full stop where Grounding DINO expects them by number."""
    tokens = [f"[unused{n}]" for n in range(1100)]
    for token, number in {
        "[PAD]": 0,
        "[UNK]": 100,
        "[CLS]": 101,
        "[SEP]": 102,
        "[MASK]": 103,
    }.items():
        tokens[number] = token
    tokens[1012], tokens[1029] = ".", "?"
    tokens[1040 : 1040 + len(WORDS)] = WORDS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    said = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")


def text(end: int, length: int = 16) -> dict[str, Any]:
    return {
        **LAYERS,
        "intermediate_size": 37,
        "vocab_size": BPE_SIZE,
        "max_position_embeddings": length,
        "bos_token_id": end - 1,
        "eos_token_id": end,
        "pad_token_id": end,
    }


def clip(folder: Path) -> Path:
    end = write_bpe(folder)
    config = tf.CLIPConfig(text_config=text(end), vision_config=VISION, projection_dim=24)
    crop = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    return save(folder, tf.CLIPModel, config, images("CLIP", **crop))


def siglip(folder: Path) -> Path:
    end = write_bpe(folder)
    config = tf.SiglipConfig(text_config=text(end, 64), vision_config=VISION)
    return save(folder, tf.SiglipModel, config, images("Siglip", **square(32)))


def dinov2(folder: Path) -> Path:
    """With registers, four tokens that belong to no patch, and learned on larger pictures than it
    gets, as the real ones are."""
    shape = {**LAYERS, "image_size": 42, "patch_size": 14, "num_register_tokens": 4}
    crop = {"size": {"shortest_edge": 36}, "crop_size": {"height": 28, "width": 28}}
    config = tf.Dinov2WithRegistersConfig(**shape)
    return save(folder, tf.Dinov2WithRegistersModel, config, images("Bit", **crop))


def vit(folder: Path) -> Path:
    """A classifier, as the hub's ViT: it has no pooler's weights."""
    processor = images("ViT", **square(32))
    return save(folder, tf.ViTForImageClassification, tf.ViTConfig(**VISION), processor)


def resnet(folder: Path) -> Path:
    config = tf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])
    processor = images("ConvNext", size={"shortest_edge": 32}, crop_pct=0.875)
    return save(folder, tf.ResNetForImageClassification, config, processor)


def swin(folder: Path) -> Path:
    shape = {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 2}
    config = tf.SwinConfig(image_size=32, patch_size=4, **shape)
    return save(folder, tf.SwinForImageClassification, config, images("ViT", **square(32)))


def beit(folder: Path) -> Path:
    config = tf.BeitConfig(**VISION)
    return save(folder, tf.BeitForImageClassification, config, images("Beit", **square(32)))


def convnext(folder: Path) -> Path:
    """Its processor cuts the middle out, as of all ConvNeXts below 384 pixels."""
    config = tf.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2)
    processor = images("ConvNext", size={"shortest_edge": 32}, crop_pct=0.875)
    return save(folder, tf.ConvNextForImageClassification, config, processor)


def siglip2(folder: Path) -> Path:
    """Of the kind that keeps a picture's shape: as many patches as fit, and a mask for the rest."""
    shape = {**LAYERS, "intermediate_size": 37, "patch_size": 8, "num_patches": 16}
    processor = images("Siglip2", patch_size=8, max_num_patches=16)
    return save(folder, tf.Siglip2VisionModel, tf.Siglip2VisionConfig(**shape), processor)


def mae(folder: Path) -> Path:
    decoder = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = tf.ViTMAEConfig(**VISION, **{f"decoder_{k}": v for k, v in decoder.items()})
    return save(folder, tf.ViTMAEForPreTraining, config, images("ViT", **square(32)))


def owlvit(folder: Path, kind: str = "OwlViT") -> Path:
    end = write_bpe(folder)
    config = getattr(tf, f"{kind}Config")(
        text_config={**text(end), "pad_token_id": 0}, vision_config=VISION, projection_dim=32
    )
    made = getattr(tf, f"{kind}ForObjectDetection")
    words = tf.AutoTokenizer.from_pretrained(folder)
    processor = getattr(tf, f"{kind}Processor")(images(kind, **square(32)), words)
    return save(folder, made, config, processor)


def grounding_dino(folder: Path) -> Path:
    write_wordpieces(folder)
    small = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 2}
    backbone = tf.SwinConfig(
        image_size=32, patch_size=2, out_features=["stage2", "stage3", "stage4"], **small
    )
    words = tf.BertConfig(**LAYERS, intermediate_size=37, vocab_size=1100)
    config = tf.GroundingDinoConfig(
        backbone_config=backbone,
        text_config=words,
        num_queries=12,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_text_len=64,
        num_feature_levels=4,
    )
    tokeniser = tf.AutoTokenizer.from_pretrained(folder)
    size = {"shortest_edge": 64, "longest_edge": 96}
    processor = tf.GroundingDinoProcessor(images("GroundingDino", size=size), tokeniser)
    return save(folder, tf.GroundingDinoForObjectDetection, config, processor)


def clipseg(folder: Path) -> Path:
    end = write_bpe(folder)
    config = tf.CLIPSegConfig(
        text_config=text(end),
        vision_config=VISION,
        projection_dim=24,
        extract_layers=[1],
        reduce_dim=16,
        decoder_num_attention_heads=4,
        decoder_intermediate_size=32,
    )
    words = tf.AutoTokenizer.from_pretrained(folder)
    processor = tf.CLIPSegProcessor(images("ViT", **square(32)), words)
    return save(folder, tf.CLIPSegForImageSegmentation, config, processor)


def owlv2(folder: Path) -> Path:
    return owlvit(folder, "Owlv2")


def lightglue(folder: Path) -> Path:
    """SuperPoint with random filters, and a LightGlue whose layers pass descriptors on as they are:
    what is left of it are mutual nearest neighbours, so that it really matches."""
    detector = tf.SuperPointConfig(
        encoder_hidden_sizes=[8, 8, 8, 16],
        decoder_hidden_size=16,
        keypoint_decoder_dim=65,
        descriptor_decoder_dim=16,
        max_keypoints=150,
        keypoint_threshold=0.0,
    )
    config = tf.LightGlueConfig(
        keypoint_detector_config=detector,
        descriptor_dim=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        filter_threshold=0.0,
    )
    torch.manual_seed(0)
    model = tf.LightGlueForKeypointMatching(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.startswith("keypoint_detector") and weights.ndim == 4:
                weights.normal_(0, (2 / weights[0].numel()) ** 0.5)
                if weights.shape[-1] == 3:
                    weights -= weights.mean(dim=(2, 3), keepdim=True)
            elif "transformer_layers" in name or "token_confidence" in name:
                weights.zero_()
            elif "final_projection" in name:
                weights.copy_(20 * torch.eye(16)) if weights.ndim == 2 else weights.zero_()
            elif "matchability" in name:
                weights.fill_(10.0) if weights.ndim == 1 else weights.zero_()
    return write(folder, model, images("LightGlue"))


def save(folder: Path, kind: Any, config: Any, processor: Any) -> Path:
    """A model of random weights that differ enough for outputs to differ; the library's own start
    is so small that all look alike."""
    torch.manual_seed(len(folder.name))
    model = kind(config)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.normal_(0, 0.7 / weights.shape[1] ** 0.5)
    return write(folder, model, processor)


def write(folder: Path, model: Any, processor: Any) -> Path:
    shown = tf.utils.logging.is_progress_bar_enabled()
    tf.utils.logging.disable_progress_bar()
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    if shown:
        tf.utils.logging.enable_progress_bar()
    return folder


MODELS = {
    made.__name__: made
    for made in (
        *(
            clip,
            siglip,
            dinov2,
            vit,
            resnet,
            swin,
            beit,
            convnext,
            siglip2,
            mae,
            owlvit,
            owlv2,
            grounding_dino,
            clipseg,
            lightglue,
        ),
    )
}
