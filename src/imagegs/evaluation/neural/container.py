"""The file of a neural picture: a header, then the parameters as float16, little-endian.

3 bytes  "INR"
1        the model's number
2, 2     height and width of the picture
...      the architecture, as the model's `fields` say
2 each   parameters, in the order of the module's
"""

from __future__ import annotations

import struct

import numpy as np
import torch

from imagegs.evaluation.codec import Shape
from imagegs.evaluation.neural.model import BYTES_PER_PARAMETER, Architecture, Model, Network

_MAGIC = b"INR"
_HEAD = "<3sBHH"
LARGEST_SIDE = 65535


def header_size(model: Model) -> int:
    """Bytes before the parameters."""
    return struct.calcsize(_HEAD + model.fields)


def architecture_within(model: Model, n_bytes: int, shape: Shape) -> Architecture:
    """The largest network whose file has at most n_bytes.

    Raises ValueError where there is none, and for a side above 65535 pixels.
    """
    if max(shape[:2]) > LARGEST_SIDE:
        raise ValueError(f"a side of {max(shape[:2])} pixels; the file has room for {LARGEST_SIDE}")
    return model.sized((n_bytes - header_size(model)) // BYTES_PER_PARAMETER, shape)


def packed(model: Model, architecture: Architecture, network: Network, shape: Shape) -> bytes:
    """The file of a network."""
    head = struct.pack(_HEAD + model.fields, _MAGIC, model.number, *shape[:2], *architecture)
    return head + flat(network).numpy().astype("<f2").tobytes()


def architecture_of(model: Model, data: bytes, shape: Shape) -> Architecture:
    """The architecture that a file names. Raises ValueError for a file of another model or size."""
    head = _HEAD + model.fields
    if len(data) < struct.calcsize(head):
        raise ValueError("the file ends in its header")
    magic, number, height, width, *architecture = struct.unpack_from(head, data)
    if (magic, number, (height, width)) != (_MAGIC, model.number, shape[:2]):
        raise ValueError("the file is of another model, or of a picture of another size")
    wanted = header_size(model) + BYTES_PER_PARAMETER * model.n_parameters(tuple(architecture), shape)
    if len(data) != wanted:
        raise ValueError(f"the file has {len(data)} bytes, not {wanted}")
    return tuple(architecture)


def unpacked(model: Model, data: bytes, shape: Shape) -> Network:
    """The network in a file. Raises ValueError for a file that is not one of this model and picture."""
    network = model.build(architecture_of(model, data, shape), shape)
    stored = np.frombuffer(data, "<f2", offset=header_size(model)).astype(np.float32)
    fill(network, torch.from_numpy(stored))
    return network


def flat(network: Network) -> torch.Tensor:
    """(N,) float32: all parameters."""
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


def fill(network: Network, values: torch.Tensor) -> None:
    """Sets all parameters to (N,) values, in the order of `flat`."""
    start = 0
    for parameter in network.parameters():
        parameter.detach().copy_(values[start : start + parameter.numel()].reshape(parameter.shape))
        start += parameter.numel()
