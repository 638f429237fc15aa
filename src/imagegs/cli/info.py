"""`imagegs info`: the facts about a .gsimg file."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from imagegs.cli.exit_codes import about, printable
from imagegs.cli.options import Subparsers, add_command, add_input, add_shared
from imagegs.cli.reports import print_json, print_text
from imagegs.cli.run_files import RunFiles
from imagegs.cli.standard_streams import open_input

if TYPE_CHECKING:
    from imagegs.codec import FileInfo, Grain
    from imagegs.codec.byte_source import ByteSource
    from imagegs.codec.coded import LayerInfo
    from imagegs.rendering import MultiplyAdds
    from imagegs.textures.map_list import TextureMap

_COUNTING_SECONDS = 1.0  # the most time for counting multiply-adds
_KEY_WIDTH, _VALUE_WIDTH = 30, 200  # at most so many characters of metadata are shown; --json shows all


def add_parser(commands: Subparsers) -> None:
    """Adds the command `info`."""
    parser = add_command(
        commands, "info", run, "Show size, Gaussians, channels, bits and bytes of a .gsimg file."
    )
    add_input(parser, "file", "FILE.gsimg", "the file to read; - for standard input")
    add_shared(parser, ("allow_partial", "size_limit", "json"))


def run(options: Namespace) -> None:
    """`imagegs info`."""
    from imagegs.codec.file_info import info_of
    from imagegs.codec.opening import source_of
    from imagegs.textures.map_list import from_metadata, to_metadata

    RunFiles.of(options).check_printing()
    with about(options.file), open_input(options.file) as file:
        source = source_of(file, options.size_limit)
        facts = info_of(source, options.size_limit, options.allow_partial)
        maps = from_metadata(facts.metadata, facts.channels)
        cost = painting_cost(source, options) if facts.bits_by_attribute else None
    if options.json:
        fields = asdict(facts)
        sizes = {
            "bytes": fields.pop("n_bytes"),
            "bpp": facts.bpp,
            "bits_per_gaussian": 8 * facts.n_bytes / facts.n_gaussians,
        }
        fields["multiply_adds_per_pixel"] = cost and cost._asdict()
        print_json({"file": str(options.file), **sizes, **fields, **to_metadata(maps)})
    else:
        print_text(describe(str(options.file), facts, cost, maps))


def painting_cost(source: ByteSource, options: Namespace) -> MultiplyAdds | None:
    """The multiply-adds that painting a valid file takes; None where counting them would take too long."""
    from imagegs.codec.decoding import decode_contents
    from imagegs.engine import at_most
    from imagegs.errors import LimitError
    from imagegs.rendering import Painter

    given = {"size_limit": options.size_limit, "allow_partial": options.allow_partial}
    try:
        with at_most(_COUNTING_SECONDS, "counting"):
            return Painter(decode_contents(source, **given).gaussians).multiply_adds()
    except LimitError:
        return None


def describe(name: str, facts: FileInfo, cost: MultiplyAdds | None, maps: Sequence[TextureMap] = ()) -> str:
    """The facts as lines for people."""
    from imagegs.textures.map_list import KEY

    channels = " ".join(facts.channels)
    fields = asdict(facts.coding)
    transform = ", own colour transform" if fields.pop("color_transform", None) else ""
    coding = ", ".join(f"{field} {value}" for field, value in fields.items()) + transform
    shares = ", ".join(f"{attribute} {bits:.1f}" for attribute, bits in facts.bits_by_attribute.items())
    shares = shares and f"{shares}: "
    wraps = ", wraps" if facts.wrap else ""
    rows = [
        ("file", name),
        ("format", f"gsimg, version {facts.version}"),
        (
            "canvas",
            f"{facts.width} x {facts.height} pixels, {channels}, {facts.bit_depth} bits a sample{wraps}",
        ),
        ("Gaussians", f"{facts.n_gaussians:,}, {facts.blend} blend"),
        ("size", f"{facts.n_bytes:,} bytes, {facts.bpp:.3f} bits a pixel"),
        ("bits", f"{shares}{8 * facts.n_bytes / facts.n_gaussians:.1f} a Gaussian, all in"),
        ("lattice" if facts.layers else "fixed", coding),
        *(() if facts.block_side is None else (("blocks", f"{facts.block_side} pixels on a side"),)),
        *(() if facts.grain is None else (("grain", _grain_text(facts.grain)),)),
        *((f"layer {i}", _layer_text(layer)) for i, layer in enumerate(facts.layers, 1)),
        ("chunks", _bytes_text(facts.bytes_by_chunk)),
        ("painting", _cost_text(cost)),
        *((f"map {i}", _map_text(each)) for i, each in enumerate(maps, 1)),
    ]
    for key, value in (facts.metadata or {}).items():
        if key == KEY:
            continue
        # No fact has a name like "metadata KEY", so the metadata of a file cannot pass for a fact.
        rows.append(("metadata " + _short(key, _KEY_WIDTH), _short(_plain(value), _VALUE_WIDTH)))
    width = max(len(key) for key, _ in rows)
    return "\n".join(printable(f"{key:{width}}  {value}") for key, value in rows)


def _map_text(each: TextureMap) -> str:
    channels = " ".join(each.own_channels)
    text = f"{each.name}: {each.kind}, {channels}, {each.bit_depth} bits, {each.color_space}, {each.file}"
    return _short(text, _VALUE_WIDTH)


def _cost_text(cost: MultiplyAdds | None) -> str:
    if cost is None:
        return "too many multiply-adds to count"
    return f"{cost.mean:.0f} multiply-adds a pixel, {cost.worst:.0f} in the worst tile"


def _layer_text(layer: LayerInfo) -> str:
    return f"{layer.n_gaussians:,} Gaussians, {layer.n_bytes:,} bytes"


def _grain_text(grain: Grain) -> str:
    from imagegs.codec.grain import WHOLE

    most = grain.deviations().max() / WHOLE
    return f"{grain.columns} x {grain.rows} cells, a deviation of up to {most:.1%} of the full range"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str, width: int) -> str:
    """The text as one line without control characters, cut to `width` characters."""
    text = printable(text)
    return text if len(text) <= width else text[: width - 3] + "..."


def _bytes_text(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size:,}" for name, size in sizes.items()) + " bytes"
