"""The bench's COIN beside the figures of its authors.

    python benchmarks/neural.py kodak/*.png [--steps 50000] [--rates 0.1604,0.3074]

The authors' are means over the 24 pictures of Kodak, 768 x 512, after 50,000 steps of Adam at a rate of 2e-4,
without a file's header: results.json of https://github.com/EmilienDupont/coin (paper: arXiv 2103.03123).
Ours, of whole files, are comparable where all 24 pictures are named. --steps is the bench's 4,000 by default.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from imagegs.codec import bytes_for_bpp
from imagegs.evaluation.bench import load_pixels
from imagegs.evaluation.neural_codecs import STEPS, neural_codec
from imagegs.metrics import psnr

PUBLISHED = {0.0736: 23.21, 0.1604: 24.64, 0.3074: 26.41, 0.6109: 28.41, 1.209: 30.64}  # bits a pixel, dB


def measured(path: Path, rate: float, steps: int) -> float:
    """The PSNR of a file within the rate."""
    codec, pixels = neural_codec(f"coin-s{steps}"), load_pixels(path, None)
    assert codec is not None
    start = time.process_time()
    data = codec.encode(pixels, bytes_for_bpp(rate, *pixels.shape[:2]))
    seconds = time.process_time() - start
    found = psnr(pixels, codec.decode(data, pixels.shape))
    bpp = 8 * len(data) / (pixels.shape[0] * pixels.shape[1])
    print(f"{path.stem}: {bpp:.4f} bits a pixel, {found:.2f} dB, {seconds:.0f} CPU s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rates", default=",".join(map(str, PUBLISHED)), help="some of the published ones")
    options = parser.parse_args()
    for rate in map(float, options.rates.split(",")):
        mean = statistics.fmean(measured(path, rate, options.steps) for path in options.pictures)
        print(f"{rate}: {mean:.2f} dB; the authors' {PUBLISHED[rate]:.2f} dB")


if __name__ == "__main__":
    main()
