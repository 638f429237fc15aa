"""`imagegs encode`: a picture to a .gsimg file."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from imagegs.cli.exit_codes import FileError, about
from imagegs.cli.options import (
    Subparsers,
    UsageError,
    add_command,
    add_input,
    add_output,
    add_shared,
    positive,
    whole,
)
from imagegs.cli.paths import check_output, output_path, read_input
from imagegs.cli.reports import Verbosity, print_json, progress_bar, psnr_fields, psnr_text

if TYPE_CHECKING:
    from imagegs.codec import Bits
    from imagegs.fitting import RecipeName, Tune
    from imagegs.fitting.placement import Placement
    from imagegs.gaussians import BlendName, Gaussians
    from imagegs.pixels import Picture

EXAMPLES = """
examples:
  imagegs encode photo.png
  imagegs encode photo.png -o small.gsimg --bpp 0.1
  imagegs encode photo.png -n 20000 -e 9 -j 8
  imagegs encode photo.png --psnr 32
  imagegs encode photo.png -n 10000 --tune psnr --time-budget 10
  imagegs encode photo.png --init saliency.png --bits 12,8,8,8,8
  imagegs encode photo.png --recipe paper --json > photo.json
"""
NAMED_PLACEMENTS: dict[str, Literal["gradient", "random"]] = {"gradient": "gradient", "random": "random"}
MAX_SEED = 2**64 - 1
LEAST_QUALITY_PSNR, PSNR_A_QUALITY = 20.0, 0.25  # -q 0 is 20 dB, -q 100 is 45 dB
LUMA = 0.299, 0.587, 0.114  # of R, G, B (ITU-R BT.601)


@dataclass(frozen=True)
class Plan:
    """How a picture is fitted and stored, all of it settled before the fit."""

    n_gaussians: int | None
    psnr: float | None  # in place of n_gaussians: as few as give so many dB
    recipe: str
    effort: int
    tune: str
    steps: int | None
    seconds: float | None
    init: Placement
    bits: Bits
    seed: int
    threads: int | None


def add_parser(commands: Subparsers) -> None:
    """Adds the command `encode`."""
    about = "Fit Gaussians to a picture and pack them into a .gsimg file."
    parser = add_command(commands, "encode", run, about, EXAMPLES)
    add_input(parser, "input", "INPUT", "a picture: PNG, JPEG, WebP, TIFF, .npy, ...")
    add_output(parser, "OUT.gsimg", "INPUT's name with .gsimg")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "-n", "--gaussians", type=whole(1), metavar="N", help="how many (default: one for 100 pixels)"
    )
    amount.add_argument(
        "--bpp", type=positive, metavar="B", help="as many as B bits a pixel allow, the whole file counted"
    )
    amount.add_argument(
        "--psnr", type=positive, metavar="DB", help="as few as give so many dB, of the file decoded again"
    )
    amount.add_argument(
        "-q",
        "--quality",
        type=whole(0, 100),
        metavar="0-100",
        help="the same on a scale: 0 is 20 dB, each point a quarter of a dB more",
    )
    parser.add_argument(
        "-e",
        "--effort",
        type=whole(1, 9),
        default=5,
        metavar="1-9",
        help="of the imagegs recipe, fast to thorough (default: %(default)s)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=whole(1), metavar="N", help="steps of the fit, in place of --effort")
    length.add_argument(
        "--time-budget", type=positive, metavar="SECONDS", help="the best fit that this time allows"
    )
    parser.add_argument(
        "--tune",
        choices=("balanced", "psnr", "ssim"),
        default="balanced",
        help="what the imagegs recipe makes good: PSNR, SSIM, or both (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe",
        choices=("imagegs", "paper"),
        default="imagegs",
        help="paper: the published method, for comparison (default: %(default)s)",
    )
    parser.add_argument(
        "--init",
        default="gradient",
        metavar="gradient|random|MAP.png",
        help="where Gaussians start: more of them where the map is bright (default: %(default)s)",
    )
    parser.add_argument(
        "--bits",
        metavar="B",
        help="of each stored number: B or POSITION,SCALE,ANGLE,WEIGHT,COLOR (default: by the picture)",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, MAX_SEED),
        default=0,
        metavar="S",
        help="the same seed gives the same bytes (default: 0)",
    )
    add_shared(parser, ("threads", "quiet"))
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    add_shared(parser, ("json",))


def run(options: Namespace) -> None:
    """`imagegs encode`."""
    source: Path = options.input
    target = output_path(options.output, source, ".gsimg")
    picture = read_input(source)
    check_output(target, source, no_overwrite=options.no_overwrite, json=options.json)
    plan = Plan(
        n_gaussians=options.gaussians,
        psnr=_wanted_psnr(options),
        recipe=options.recipe,
        effort=options.effort,
        tune=options.tune,
        steps=options.steps,
        seconds=options.time_budget,
        init=_placement(options.init, picture),
        bits=_bits(options.bits, options.recipe, picture),
        seed=options.seed,
        threads=options.threads,
    )
    if options.bpp is not None:
        plan = _within(options.bpp, plan, picture)
    report = _encode(picture, target, plan, Verbosity(options.quiet, options.verbose))
    if options.json:
        print_json({"input": str(source), "output": str(target), **report})


def _wanted_psnr(options: Namespace) -> float | None:
    psnr: float | None = options.psnr
    if options.quality is not None:
        psnr = LEAST_QUALITY_PSNR + PSNR_A_QUALITY * options.quality
    if psnr is not None and options.recipe == "paper":
        raise UsageError("--psnr and --quality need the imagegs recipe")
    if psnr is not None and options.time_budget is not None:
        raise UsageError("--psnr and --quality take the time that they need: no --time-budget with them")
    if options.recipe == "paper" and (options.tune != "balanced" or options.time_budget is not None):
        raise UsageError("--tune and --time-budget need the imagegs recipe")
    return psnr


def _placement(init: str, picture: Picture) -> Placement:
    """The name of a placement, or weights (H, W) from a picture: its luma, without its alpha."""
    if init in NAMED_PLACEMENTS:
        return NAMED_PLACEMENTS[init]
    import numpy as np

    from imagegs.pixels import to_float

    path = Path(init)
    if not path.suffix and not path.exists():
        raise ValueError(f"no placement {init!r}; there are gradient, random, or a picture's path")
    weights = read_input(path)
    if weights.pixels.shape[:2] != picture.pixels.shape[:2]:
        (h, w), (height, width) = weights.pixels.shape[:2], picture.pixels.shape[:2]
        raise FileError(path, ValueError(f"the map has {w} x {h} pixels, the picture {width} x {height}"))
    values = to_float(weights.pixels)
    if weights.channels[:3] == ("R", "G", "B"):
        return np.asarray(values[:, :, :3] @ np.array(LUMA, np.float32))
    return values[:, :, 0]


def _bits(text: str | None, recipe: str, picture: Picture) -> Bits:
    from imagegs.codec import Bits, default_bits

    height, width, _ = picture.pixels.shape
    if text is None:
        return Bits() if recipe == "paper" else default_bits(height, width, picture.bit_depth)
    bits = Bits.parse(text)
    if bits.weight == 0 and recipe != "paper":
        raise ValueError(f"the {recipe} recipe needs at least 1 bit for the weight")
    return bits


def _metadata(plan: Plan, steps: int) -> dict[str, Any]:
    from imagegs import __version__

    fit = {"recipe": plan.recipe, **({"tune": plan.tune} if plan.recipe != "paper" else {})}
    return {"software": f"imagegs {__version__}", **fit, "steps": steps, "seed": plan.seed}


def _within(bpp: float, plan: Plan, picture: Picture) -> Plan:
    """The plan with as many Gaussians as the file may have, one a pixel at most."""
    from imagegs.codec import gaussians_for_bpp
    from imagegs.fitting import steps_of

    height, width, _ = picture.pixels.shape
    # A fit that ends early writes a smaller number of steps, so the file is never larger than this.
    metadata = _metadata(plan, steps_of(_recipe(plan), plan.effort, plan.steps, _tune(plan)))
    blend: BlendName = "paper" if plan.recipe == "paper" else "softmax"
    n = gaussians_for_bpp(bpp, height, width, picture.channels, blend, plan.bits, metadata)
    return replace(plan, n_gaussians=min(n, height * width))


def _encode(picture: Picture, target: Path, plan: Plan, speech: Verbosity) -> dict[str, Any]:
    """Fit, write, and measure what was written: the report without the files' names."""
    from imagegs import codec
    from imagegs.engine import engine
    from imagegs.files import write_atomically

    machine = engine(plan.threads)
    details = (
        f"{machine.threads} threads, {machine.isa} kernels, {plan.recipe} recipe, {_bits_text(plan.bits)}"
    )
    speech.detail(f"{_size_text(picture)}; {details}")
    start = time.perf_counter()
    gaussians, steps = _fit(picture, plan, speech)
    fitted = time.perf_counter()
    data = codec.encode(gaussians, plan.bits, _metadata(plan, steps))
    with about(target):
        write_atomically(target, data)
    seconds = time.perf_counter() - start
    speech.detail(f"{steps} steps in {fitted - start:.2f} s, packed in {seconds + start - fitted:.3f} s")
    psnr, ssim = _quality(picture, codec.decode(data), plan.threads)
    height, width, _ = picture.pixels.shape
    bpp = 8 * len(data) / (height * width)
    speech.note(
        f"{target}: {len(data):,} bytes, {bpp:.3f} bpp, {len(gaussians):,} Gaussians, "
        f"{psnr_text(psnr)}, {ssim:.4f} SSIM, {seconds:.1f} s"
    )
    missed = 0.0 if plan.psnr is None else max(0.0, plan.psnr - psnr)
    if missed:
        speech.warn(f"{target}: {plan.psnr:g} dB were not reached: {missed:.2f} dB less")
    return {
        "bytes": len(data),
        "bpp": bpp,
        "n_gaussians": len(gaussians),
        **psnr_fields(psnr),
        "ssim": ssim,
        "seconds": seconds,
        "steps": steps,
        "seed": plan.seed,
        "recipe": plan.recipe,
        "tune": plan.tune,
        "width": width,
        "height": height,
        "channels": list(picture.channels),
        "bit_depth": picture.bit_depth,
        "bits": asdict(plan.bits),
        "threads": machine.threads,
        "isa": machine.isa,
        **({} if plan.psnr is None else {"target_psnr": plan.psnr, "missed_by": missed}),
    }


def _fit(picture: Picture, plan: Plan, speech: Verbosity) -> tuple[Gaussians, int]:
    """The Gaussians, and the steps that they took."""
    from imagegs.fitting import AttributeBits, fit_progressively, fit_to_psnr

    bits = plan.bits
    quantizer = AttributeBits(bits.position, bits.scale, bits.angle, bits.color)
    shared: dict[str, Any] = {
        "effort": plan.effort,
        "tune": _tune(plan),
        "steps": plan.steps,
        "init": plan.init,
        "seed": plan.seed,
        "threads": plan.threads,
        "channels": picture.channels,
    }
    with progress_bar(speech.bar) as show:
        if plan.psnr is not None:
            measure = partial(_decoded_psnr, picture=picture, plan=plan)
            found = fit_to_psnr(picture.pixels, plan.psnr, measure=measure, progress=show, **shared)
            return found.gaussians, found.steps
        last = None
        for last in fit_progressively(
            picture.pixels,
            plan.n_gaussians,
            recipe=_recipe(plan),
            bits=quantizer if plan.recipe == "paper" else None,
            seconds=plan.seconds,
            **shared,
        ):
            show(last)
    assert last is not None  # there is at least one step
    return last.snapshot(), last.step


def _decoded_psnr(gaussians: Gaussians, picture: Picture, plan: Plan) -> float:
    """PSNR of what a decoder will write."""
    from imagegs import codec

    return _quality(picture, codec.decode(codec.encode(gaussians, plan.bits)), plan.threads)[0]


def _recipe(plan: Plan) -> RecipeName:
    return cast("RecipeName", plan.recipe)


def _tune(plan: Plan) -> Tune:
    return cast("Tune", plan.tune)


def _quality(picture: Picture, gaussians: Gaussians, threads: int | None) -> tuple[float, float]:
    """PSNR and SSIM of what a decoder writes."""
    from imagegs.metrics import psnr, ssim
    from imagegs.rendering import render

    painted = render(gaussians, dtype=picture.pixels.dtype, threads=threads)
    return psnr(picture.pixels, painted), ssim(picture.pixels, painted)


def _size_text(picture: Picture) -> str:
    height, width, _ = picture.pixels.shape
    return f"{width} x {height} pixels, {' '.join(picture.channels)}, {picture.bit_depth} bits"


def _bits_text(bits: Bits) -> str:
    return ", ".join(f"{name} {value}" for name, value in asdict(bits).items()) + " bits"
