"""Small neural networks as codecs of the bench: siren, ffn, hash-grid and coin.

Each is trained on the one picture; the file has its parameters as float16. A name may have a number of steps,
as in siren-s500.
"""

from __future__ import annotations

import re
from functools import cache, partial
from importlib import import_module
from pathlib import Path

from imagegs.evaluation.codec import Codec, Pixels, Shape
from imagegs.evaluation.neural.model import Model
from imagegs.evaluation.store import digest_of_files

STEPS = 4000  # of Adam, the same for all
_TORCH, _SIREN = ("torch", "torch"), ("siren_pytorch", "siren-pytorch")
_KINDS = {  # the module, the title, what else is told, packages
    "siren": ("siren", "SIREN", "4 layers of sines", (_TORCH, _SIREN)),
    "ffn": ("ffn", "Fourier features", "4 layers", (_TORCH,)),
    "hash-grid": (
        "hash_grid",
        "hash grid (Instant-NGP)",
        "4 levels, 2 hidden layers",
        (_TORCH,),
    ),
    "coin": ("coin", "COIN", "5 to 13 layers of sines", (_TORCH, _SIREN)),
}
NEURAL_NAMES = tuple(_KINDS)
_NAME = re.compile(rf"({'|'.join(_KINDS)})(?:-s([1-9][0-9]{{0,6}}))?")


def neural_codec(name: str) -> Codec | None:
    """The codec of a name, or None where the name is none of these."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    module, title, told, packages = _KINDS[found[1]]
    steps = int(found[2] or STEPS)
    return Codec(
        name,
        title + (f", {steps} steps" if found[2] else ""),
        f"{told}, sized to the bytes, {steps} Adam steps, 16 bits a parameter",
        partial(_encode, module, steps),
        partial(_decode, module),
        dial=None,
        packages=packages,
        extra="neural",
        multiply_adds=partial(_multiply_adds, module),
        code=_code,
    )


def _model(module: str) -> Model:
    model: Model = import_module(f"imagegs.evaluation.neural.{module}").MODEL
    return model


def _encode(module: str, steps: int, pixels: Pixels, n_bytes: float) -> bytes:
    """The largest network within n_bytes, trained. Raises ValueError where there is none."""
    from imagegs.evaluation.neural import container, training

    model = _model(module)
    architecture = container.architecture_within(model, int(n_bytes), pixels.shape)
    with training.reproducible():
        network = model.build(architecture, pixels.shape)
        training.train(model, network, pixels, steps)
        return container.packed(model, architecture, network, pixels.shape)


def _decode(module: str, data: bytes, shape: Shape) -> Pixels:
    from imagegs.evaluation.neural import container, training

    with training.reproducible():
        return training.painted(container.unpacked(_model(module), data, shape), shape)


def _multiply_adds(module: str, data: bytes, shape: Shape) -> float:
    from imagegs.evaluation.neural import container

    model = _model(module)
    return model.multiply_adds(container.architecture_of(model, data, shape), shape)


@cache
def _code() -> str:
    """A key of the code that makes the files: any change of it may change them."""
    return digest_of_files((Path(__file__), *(Path(__file__).parent / "neural").glob("*.py")))
