"""Models of ``transformers`` by name or folder: the folder, then the cache, then the hub.

Nothing asks the network for what is there already, and where nothing is, one line says so at once.
Every model is read in float32, in evaluation mode, with the image processor that came with it: a
model never travels without its own preprocessing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from obverse.errors import MissingExtra, ModelError, UsageError

NEEDED = ("torch", "transformers")
"""What ``obverse[zoo]`` installs that this part needs."""
WAIT = 5.0
"""Seconds to wait for the hub's first answer."""
KEPT = 4
"""Models kept in memory, the last used."""
PREPROCESSING = (
    *("do_resize", "size", "resample", "crop_pct", "do_center_crop", "crop_size"),
    *("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std"),
    *("do_pad", "pad_size", "do_flip_channel_order", "do_grayscale"),
)
"""What of an image processor's settings changes its output."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model ready to run.

    Attributes:
        name: as it was asked for; a folder as its absolute path.
        model: the ``torch.nn.Module``, in evaluation mode, float32, on ``device``.
        processor: what turns pictures, or words and pictures, into its inputs.
        missing: names of weights that the files lack and the library made up at random.
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    name: str
    model: Any
    processor: Any
    missing: frozenset[str]
    device: str


def need_extra(what: str) -> None:
    """Raises ``MissingExtra`` where ``what`` cannot run."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{what} needs {missing[0]}", hint="pip install 'obverse[zoo]'")


def choose_device(name: str = "auto") -> str:
    """``auto`` is the first there is of cuda, mps, cpu. Raises ``UsageError`` for one that is not
    there."""
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, usable in there.items() if usable)
    if not there.get(name, False):
        usable = ", ".join(["auto", *(d for d, is_there in there.items() if is_there)])
        known = "this machine has no" if name in there else "unknown"
        raise UsageError(f"{known} device {name!r}", hint=f"choose one of: {usable}")
    return name


def place(name: str) -> str:
    """A folder as its absolute path, any other name as it is.

    Raises:
        ModelError: it can only be a folder, and there is none.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path.absolute())
    if name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name or not name:
        raise ModelError(
            "no such folder",
            where=name,
            hint="name a folder with config.json and the weights, or a model of the hub",
        )
    return name


def load(
    kind: str, reader: str, name: str, device: str = "auto", *, such: str, may_lack: str = ""
) -> Loaded:
    """A model and its processor, kept for the next call.

    Args:
        kind: the class that reads it, such as ``AutoModel``.
        reader: the class of its processor, ``AutoImageProcessor`` or ``AutoProcessor``.
        name: a name on the hub, such as ``openai/clip-vit-base-patch32``, or a folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        such: a model that would do, for advice.
        may_lack: part of the names of weights that may be missing.

    Raises:
        MissingExtra: ``obverse[zoo]`` is not installed.
        ModelError: it is neither there nor reachable, or is no such model, or lacks weights.
        UsageError: the device is not there.
    """
    need_extra(f"the model {name}")
    loaded = _load(kind, reader, place(name), choose_device(device), such)
    lost = sorted(key for key in loaded.missing if not may_lack or may_lack not in key)
    if lost:
        raise ModelError(
            f"lacks {len(lost)} of the weights for this, such as {lost[0]}",
            where=name,
            hint=f"name a model such as {such}",
        )
    return loaded


@lru_cache(maxsize=KEPT)
def _load(kind: str, reader: str, name: str, device: str, such: str) -> Loaded:
    import transformers

    wanted = getattr(transformers, kind)
    with _quiet():
        config = _fetch(transformers.AutoConfig.from_pretrained, name)
        if not isinstance(config, getattr(wanted, "config_class", None) or object):
            raise _unfit(config, name, such)
        try:
            model, info = _fetch(wanted.from_pretrained, name, output_loading_info=True)
        except ModelError as error:
            if "Unrecognized configuration class" not in str(error):
                raise
            raise _unfit(config, name, such) from error
        # Fast processors need torchvision and round otherwise; these are the same everywhere.
        processor = _fetch(getattr(transformers, reader).from_pretrained, name, backend="pil")
    if hasattr(model.config, "mask_ratio"):
        # Masked autoencoders hide patches at random, in evaluation mode too.
        model.config.mask_ratio = 0.0
    missing = frozenset(str(key) for key in info["missing_keys"])
    return Loaded(name, model.float().eval().to(device), processor, missing, device)


def _unfit(config: Any, name: str, such: str) -> ModelError:
    what = f"is a model of type {config.model_type}, which cannot do this"
    return ModelError(what, where=name, hint=f"name a model such as {such}")


def tokenizer(name: str) -> Any:
    """The tokeniser that belongs to a model. Raises ``ModelError`` where there is none."""
    import transformers

    with _quiet():
        return _fetch(transformers.AutoTokenizer.from_pretrained, place(name))


def fingerprint(weights: Mapping[str, Any], processor: Any, *said: object) -> str:
    """16 hex digits of every weight, of what the processor does, and of what else is said.

    Args:
        weights: a ``state_dict``.
    """
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    settings = json.dumps([settings_of(processor), *map(str, said)], sort_keys=True)
    digest.update(settings.encode())
    return digest.hexdigest()[:16]


def settings_of(processor: Any) -> dict[str, Any]:
    """What an image processor does, as plain data."""
    said = processor.to_dict()
    kept = {key: said[key] for key in PREPROCESSING if said.get(key) is not None}
    return {key: _plain(value) for key, value in kept.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _fetch(read: Callable[..., Any], name: str, **options: Any) -> Any:
    """What ``read`` finds in the folder or the cache, else on the hub."""
    try:
        return read(name, local_files_only=True, **options)
    except ImportError as error:
        # Some processors have no plain variant: DINOv3's needs torchvision.
        library = re.search("requires the ([a-zA-Z]+) library", str(error))
        what = f"needs {library[1].lower()}" if library else _first_line(error)
        hint = f"pip install {library[1].lower()}" if library else "install what it names"
        raise MissingExtra(what, where=name, hint=hint) from error
    # Files from anywhere: the library raises many kinds, OSError for most that are not there.
    except Exception as error:
        if Path(name).is_dir():
            raise ModelError(
                f"cannot be read as a model ({_first_line(error)})",
                where=name,
                hint="name a folder as save_pretrained or the hub writes it",
            ) from error
        if not isinstance(error, OSError):
            raise ModelError(
                f"its files in the cache cannot be read ({_first_line(error)})",
                where=name,
                hint="is it a model for this task? else remove it from the cache and try again",
            ) from error
    _check_hub(name)
    from huggingface_hub import utils

    utils.enable_progress_bars()
    try:
        return read(name, **options)
    except Exception as error:
        raise ModelError(
            f"cannot be fetched from the hub ({_first_line(error)})",
            where=name,
            hint="try again, or give a folder with its files",
        ) from error


def _check_hub(name: str) -> None:
    """Ask the hub once, briefly. Raises ``ModelError`` that tells the ways out."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url

    looked = f"it is no folder and not in the cache {constants.HF_HUB_CACHE}"
    ways = f"where there is a network, run: hf download {name}; or give the folder that holds it"
    try:
        get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=WAIT)
    # Of the HTTP library, which changed between versions, and of the hub's.
    except Exception as error:
        if getattr(error, "response", None) is not None:
            raise ModelError(
                f"{looked}, and the hub shows none of that name",
                where=name,
                hint="check the name (OWNER/MODEL), or give the folder that holds it",
            ) from error
        raise ModelError(
            f"{looked}, and the hub cannot be reached", where=name, hint=ways
        ) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:160] if text else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own talk; only downloads show their progress."""
    from transformers.utils import logging as talk

    level, had_bar = talk.get_verbosity(), talk.is_progress_bar_enabled()
    talk.set_verbosity(logging.CRITICAL)
    talk.disable_progress_bar()
    try:
        yield
    finally:
        talk.set_verbosity(level)
        if had_bar:
            talk.enable_progress_bar()
