"""Memory that one encode and one decode of codecs of the bench add to a process.

    python benchmarks/codec_memory.py PICTURE [--side 384] [--rate 0.3] [--codecs imagegs-psnr,paper,siren]
        [--out codec-memory.json]

An encode and a decode have a process of their own each, which first makes a tiny file, so that libraries are
loaded before and do not count. Networks are trained for a few steps alone: their memory does not grow with
the steps.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from pathlib import Path

import numpy as np

from imagegs.codec import bytes_for_bpp
from imagegs.evaluation.bench import load_pixels, machine
from imagegs.evaluation.codec import Codec, Pixels
from imagegs.evaluation.codecs import codec_named
from imagegs.evaluation.costs import Cost, measured
from imagegs.evaluation.neural_codecs import NEURAL_NAMES
from imagegs.evaluation.processes import safe_path

CODECS = ("imagegs", "imagegs-psnr", "paper", *NEURAL_NAMES, "avif")
TINY, TINY_BPP, STEPS = 32, 6, 20


def encoded(name: str, pixels: Pixels, rate: float) -> tuple[bytes, float]:
    """A file, and the megabytes that its encoding added at the peak."""
    codec = warm(name, pixels)
    data, cost = measured(lambda: codec.encode(pixels, setting(codec.dial, rate, pixels)))
    return data, megabytes(cost)


def decoded(name: str, pixels: Pixels, data: bytes) -> float:
    """The megabytes that decoding a file of the pixels adds at the peak."""
    codec = warm(name, pixels)
    _, cost = measured(lambda: codec.decode(data, pixels.shape))
    return megabytes(cost)


def warm(name: str, pixels: Pixels) -> Codec:
    """The codec after a tiny file."""
    codec = codec_named(f"{name}-s{STEPS}" if name in NEURAL_NAMES else name)
    tiny = np.ascontiguousarray(pixels[:TINY, :TINY])
    codec.decode(codec.encode(tiny, setting(codec.dial, TINY_BPP, tiny)), tiny.shape)
    return codec


def megabytes(cost: Cost) -> float:
    return round((cost.peak_bytes or 0) / 1e6, 1)


def setting(dial: tuple[float, ...] | None, rate: float, pixels: Pixels) -> float:
    """The bytes of a codec that takes a size; the middle of the dial of another one."""
    return bytes_for_bpp(rate, *pixels.shape[:2]) if dial is None else dial[len(dial) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--codecs", default=",".join(CODECS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pixels, found = load_pixels(options.picture, options.side), {}
    for name in options.codecs.split(","):
        with safe_path(), multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            data, encode = pool.apply(encoded, (name, pixels, options.rate))
            found[name] = {"encode": encode, "decode": pool.apply(decoded, (name, pixels, data))}
        print(name, found[name], flush=True)
    if options.out:
        size = {"width": pixels.shape[1], "height": pixels.shape[0], "rate": options.rate}
        options.out.write_text(json.dumps({"machine": machine(), **size, "megabytes": found}) + "\n")


if __name__ == "__main__":
    main()
