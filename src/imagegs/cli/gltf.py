"""`imagegs gltf`: the textures of a glTF model into .gsimg files, and back."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.choices import DEFAULT_EFFORT
from imagegs.cli.exit_codes import FileError, about
from imagegs.cli.gltf_options import ABOUT, EXAMPLES, add_options, check_options
from imagegs.cli.options import Subparsers, add_command
from imagegs.cli.paths import output_path
from imagegs.cli.reports import Verbosity, print_json, psnr_fields, psnr_text
from imagegs.cli.run_files import Kind, Output, RunFiles
from imagegs.cli.standard_streams import STANDARD, file_named, open_input

if TYPE_CHECKING:
    from imagegs.applications.gltf.map_painter import RestoredImage
    from imagegs.applications.gltf.model import Model
    from imagegs.applications.gltf.moving import MovedStack


def add_parser(commands: Subparsers) -> None:
    """Adds the command `gltf`."""
    add_options(add_command(commands, "gltf", run, ABOUT, EXAMPLES))


def run(options: Namespace) -> None:
    """`imagegs gltf`."""
    start = time.perf_counter()
    check_options(options)
    source, target = options.input, _target(options)
    model, old_bytes = _read(source, options)
    beside = _beside(target)
    files = _checked(options, model, target, beside)
    with about(source):
        rebuilt, report = _restored(model, options) if options.back else _moved(model, options)
    new_bytes = _write(files, rebuilt, target, beside)
    seconds = time.perf_counter() - start
    Verbosity(options.quiet).note(f"{target}: {new_bytes:,} bytes, before {old_bytes:,}, {seconds:.1f} s")
    if options.json:
        names = {"input": str(source), "output": str(target), "bytes_before": old_bytes, "bytes": new_bytes}
        print_json({**names, **report, "seconds": seconds})


def _target(options: Namespace) -> Path:
    return output_path(options.output, options.input, "-png.glb" if options.back else "-gsimg.glb")


def _beside(target: Path) -> Path | None:
    """The file of binary data that lies beside a .gltf file; None for a .glb file."""
    return file_named(target.with_suffix(".bin")) if target.suffix.lower() == ".gltf" else None


def _read(source: Path, options: Namespace) -> tuple[Model, int]:
    """The model, and the bytes of all its files together."""
    from imagegs.applications.gltf.reading import read_model
    from imagegs.files import read_to_limit
    from imagegs.limits import Limits

    limits = Limits.of(options.size_limit)
    with about(source):
        with open_input(source) as file:
            data = read_to_limit(file, limits.max_bytes)
        try:
            model = read_model(data, None if source == STANDARD else source.parent, limits)
        except OSError as error:
            raise FileError(Path(error.filename or source), error) from error
        return model, len(data) + sum(file.stat().st_size for file in model.files)


def _checked(options: Namespace, model: Model, target: Path, beside: Path | None) -> RunFiles:
    """The files of the run, of which those that the model names are inputs, too."""
    is_named = options.output is not None and beside is None
    kind = Kind(".glb file", b"glTF", (".glb",)) if beside is None else Kind(".gltf file", b"{", (".gltf",))
    outputs = [Output(target, is_named=is_named, kind=kind)]
    if beside is not None:
        outputs.append(Output(beside, is_named=False, what="file of binary data"))
    files = RunFiles.of(options, *outputs)
    files = replace(files, inputs=(*files.inputs, *model.files))
    files.check()
    return files


def _moved(model: Model, options: Namespace) -> tuple[Model, dict[str, Any]]:
    from imagegs.applications.gltf.moving import move_textures
    from imagegs.limits import Limits

    speech = Verbosity(options.quiet)
    rebuilt, stacks = move_textures(
        model,
        n_gaussians=options.gaussians,
        bpp=options.bpp,
        bppc=options.bppc,
        psnr=options.psnr,
        effort=options.effort or DEFAULT_EFFORT,
        steps=options.steps,
        tune=options.tune,
        wrap=options.wrap,
        keep_pictures=options.keep_pictures,
        limits=Limits.of(options.size_limit),
        threads=options.threads,
        listener=lambda stack: speech.note(_line(stack)),
    )
    return rebuilt, {"files": [_facts(stack) for stack in stacks]}


def _line(stack: MovedStack) -> str:
    (width, height), file = stack.plan.size, stack.file
    maps = f"{stack.plan.name}: {', '.join(stack.plan.maps)}: {width} x {height} pixels"
    return f"{maps}, {len(file.data):,} bytes, before {stack.old_bytes:,}, {psnr_text(file.psnr)}"


def _facts(stack: MovedStack) -> dict[str, Any]:
    (width, height), file = stack.plan.size, stack.file
    return {
        "name": stack.plan.name,
        "maps": list(stack.plan.maps),
        "width": width,
        "height": height,
        "channels": stack.plan.n_channels,
        "wrap": stack.wraps,
        "bytes_before": stack.old_bytes,
        "bytes": len(file.data),
        "n_gaussians": file.n_gaussians,
        **psnr_fields(file.psnr),
    }


def _restored(model: Model, options: Namespace) -> tuple[Model, dict[str, Any]]:
    from imagegs.applications.gltf.restoring import restore_textures

    speech = Verbosity(options.quiet)

    def tell(image: RestoredImage) -> None:
        speech.note(f"{image.name}: {image.width} x {image.height} pixels, {image.n_bytes:,} bytes")

    rebuilt, images = restore_textures(
        model, size_limit=options.size_limit, threads=options.threads, listener=tell
    )
    return rebuilt, {"pictures": [asdict(image) for image in images]}


def _write(files: RunFiles, model: Model, target: Path, beside: Path | None) -> int:
    """Writes the model; returns the bytes of its files."""
    from imagegs.applications.gltf.writing import glb_bytes, gltf_bytes

    if beside is None:
        return files.write(target, glb_bytes(model))
    text, data = gltf_bytes(model, beside.name)
    contents = {target: text} if data is None else {beside: data, target: text}
    return sum(files.write_all(contents))
