"""Whole .gsimg files: Gaussians to bytes and back, on disk, and what a file says about itself.

The encoder never emits bytes that its decoder rejects; a file that `read_info` accepts, `decode` accepts,
the limits aside.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypedDict

from imagegs.codec.attributes import FixedPoint, dequantized, payload_size, read_fixed_point, write_gaussians
from imagegs.codec.bits import Bits
from imagegs.codec.blocks import block_grid
from imagegs.codec.coded import Coded, LayerInfo, read_layers, write_layers
from imagegs.codec.container import (
    CHUNK_BYTES,
    FRAME_BYTES,
    MAX_PAYLOAD,
    REPEATED,
    SIGNATURE,
    Chunks,
    read_chunks,
    write_chunks,
)
from imagegs.codec.grain import Grain, read_grain, write_grain
from imagegs.codec.header import Header, header_of, read_header, write_header
from imagegs.codec.lattice import Lattice
from imagegs.codec.metadata import read_metadata, write_metadata
from imagegs.errors import FormatError, LimitError
from imagegs.files import read_to_limit, write_atomically
from imagegs.gaussians import BlendName, Gaussians, faded, level_of
from imagegs.limits import DEFAULT_SIZE_LIMIT, Limits
from imagegs.rendering import Size, View, area_of, check_painting

# For Gaussians that nobody has quantised: finer than what files of pictures have, so that rounding costs less
# than 0.1 dB; a third to a half of the bytes of fixed point.
DEFAULT_LATTICE = Lattice.of_fineness(4)


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself; fields up to wrap as in `Gaussians`. `read_info` gives it.

    >>> data = imagegs.compress(np.zeros((16, 24), np.uint8), n_gaussians=4, effort=1)
    >>> info = imagegs.read_info(data)
    >>> info.bpp == 8 * len(data) / (16 * 24), sum(info.bytes_by_chunk.values()) == len(data)
    (True, True)
    """

    version: int
    width: int
    height: int
    n_gaussians: int
    channels: tuple[str, ...]
    blend: BlendName
    bit_depth: Literal[8, 16]
    wrap: bool
    coding: Bits | Lattice  # in fixed point (weight is 0 when the file has no log-weights), or coded
    n_bytes: int  # the whole file
    bytes_by_chunk: dict[str, int]  # chunk type -> bytes with length and checksum; "frame" is the rest
    bits_by_attribute: dict[str, float]  # stored attribute -> bits a Gaussian, its ranges included
    layers: tuple[LayerInfo, ...]  # of a coded file
    metadata: dict[str, Any] | None
    grain: Grain | None = None  # that decoders add to what is painted
    block_side: int | None = None  # pixels, of the blocks that are decoded each by itself

    @property
    def bpp(self) -> float:
        """Bits of the whole file per canvas pixel."""
        return 8 * self.n_bytes / (self.width * self.height)


@dataclass(frozen=True)
class _Contents:
    header: Header
    numbers: FixedPoint | Coded
    last_share: float  # of the last layer that was read, where it is between two levels
    metadata: dict[str, Any] | None
    grain: Grain | None
    chunks: Chunks


class DecodeKeywords(TypedDict, total=False):
    """The keywords of `decode`, which explains them, and of `decode_with_metadata`."""

    size_limit: int | None
    allow_partial: bool
    lod: float
    whole: bool
    region: tuple[int, int, int, int] | None
    view: View | None
    threads: int | None


def encode(
    gaussians: Gaussians,
    coding: Bits | Lattice | None = None,
    *,
    metadata: dict[str, Any] | None = None,
    grain: Grain | None = None,
    block_side: int | None = None,
    threads: int | None = None,
) -> bytes:
    """The bytes of a .gsimg file with these Gaussians.

    coding: a `Lattice` (softmax blend only) stores the nearest points of the lattice, entropy-coded, layer by
    layer in an order of their own; Gaussians that `quantise` has put on it lose nothing. `Bits` stores every
    number with so many bits, in the order given, in two to three times the size. None: a fine lattice, or 16
    bits of the paper blend. The softmax blend is brought to its canonical form first: longer axis first,
    angle in [0, pi). metadata is any small JSON object. grain: what `decompress` adds to the picture that the
    Gaussians paint; none by default.

    block_side: the side of the blocks on a lattice that are decoded each by itself, a power of 2 in pixels,
    at most 32768 and at least that of a cell; 0: no blocks. None: such that a block has at most 32,768
    Gaussians, where there are 65,536 or more.

    threads: that encode blocks side by side; one for each processor by default.

    Raises ValueError for another side, and for what the file format cannot hold: in the paper blend
    log-weights other than 0 and angles beyond 1,024 radians; log-weights with 0 bits; on a lattice the paper
    blend, centres off the canvas and numbers too large for it; control characters in channel names or more
    than 255 bytes; metadata that is not JSON or larger than 65,535 bytes; grain of more cells than pixels;
    2^32 bytes or more. TypeError for arguments of the wrong type.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> small = imagegs.encode(gaussians, metadata={"title": "noise"})
    >>> large = imagegs.encode(gaussians, imagegs.Bits(position=20))
    >>> len(small) < len(large)
    True
    """
    if coding is None:
        coding = Bits() if gaussians.blend == "paper" else DEFAULT_LATTICE
    header = header_of(gaussians)
    chunks = [("HEAD", write_header(header))]
    if metadata is not None:
        chunks.append(("mETA", write_metadata(metadata)))
    if grain is not None:
        chunks.append(("gRAN", write_grain(grain, header)))
    if isinstance(coding, Lattice):
        grid = block_grid(block_side, header.n_gaussians, header.width, header.height, coding.cell)
        return write_chunks([*chunks, *write_layers(gaussians, coding, header, grid, threads)])
    if block_side:
        raise ValueError("only Gaussians on a lattice are stored in blocks, not those in fixed point")
    if (size := payload_size(header, coding)) > MAX_PAYLOAD:
        raise ValueError(f"the Gaussians take {size} bytes, a file holds at most {MAX_PAYLOAD}")
    return write_chunks([*chunks, ("GAUS", write_gaussians(gaussians, coding))])


def decode(
    data: bytes | bytearray | memoryview,
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    threads: int | None = None,
) -> Gaussians:
    """The Gaussians in the bytes of a .gsimg file.

    size_limit: pixels; None for the default. Memory is bounded by the size of data, whatever the file
        declares, and by the limits that go with so many pixels (`imagegs.limits`).
    allow_partial: data may end early, after the first layer of a coded file; then the whole layers count.
    lod: the level of detail 0..1, as in `Gaussians.at_lod`; what lies beyond it is not decoded.
    whole: all of the canvas is to be painted, at its own size; who paints a part or another size says False
        and calls `rendering.check_painting`.
    region: (x, y, width, height) in canvas pixels: of a file in blocks, decodes only those whose Gaussians
        matter there, and leaves out layers that have none.
    threads: that decode blocks side by side; one for each processor by default.

    Raises FormatError when data is not a valid .gsimg file, LimitError when its canvas has more than
    size_limit pixels, when it has more Gaussians or colour values than go with so many, or when painting it
    takes more memory or work; ValueError for another level, and for a region that is empty or not inside the
    canvas.

    >>> data = imagegs.compress(np.zeros((16, 24, 3), np.uint8), n_gaussians=4, effort=1)
    >>> gaussians = imagegs.decode(data)
    >>> gaussians.height, gaussians.width, gaussians.color.shape
    (16, 24, (4, 3))
    """
    gaussians, _ = decode_with_metadata(
        data,
        size_limit=size_limit,
        allow_partial=allow_partial,
        lod=lod,
        whole=whole,
        region=region,
        threads=threads,
    )
    return gaussians


def decode_with_metadata(
    data: bytes | bytearray | memoryview,
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    view: View | None = None,
    threads: int | None = None,
) -> tuple[Gaussians, dict[str, Any] | None]:
    """What `decode` gives, and the file's metadata, None without any. Raises what `decode` raises.

    view: a part of a picture of some size, in place of a region of the canvas.
    """
    limits = Limits.of(size_limit)
    contents = _read(data, limits, allow_partial, lod, region, view, threads)
    header, numbers = contents.header, contents.numbers
    if header.width * header.height > limits.max_pixels:
        sides = f"{header.width} x {header.height}"
        raise LimitError(f"the canvas of {sides} pixels is over the limit of {limits.max_pixels} pixels")
    gaussians = dequantized(numbers, header) if isinstance(numbers, FixedPoint) else numbers.gaussians(header)
    if contents.last_share and isinstance(numbers, Coded):
        gaussians = faded(gaussians, contents.last_share, numbers.layers[-1].n_gaussians)
    if whole:
        check_painting(gaussians, limits, region=region)
    return gaussians, contents.metadata


def read_info(
    data: bytes | bytearray | memoryview,
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
) -> FileInfo:
    """What the bytes of a .gsimg file say about themselves, checked in full but not dequantised.

    Raises FormatError when data is not a valid .gsimg file, LimitError when it has more Gaussians or colour
    values than go with size_limit pixels (its canvas may have more: nothing is painted); allow_partial as in
    `decode`.

    >>> data = imagegs.compress(np.zeros((16, 24, 3), np.uint8), n_gaussians=4, effort=1)
    >>> info = imagegs.read_info(data)
    >>> info.width, info.height, info.n_gaussians, info.channels
    (24, 16, 4, ('R', 'G', 'B'))
    """
    contents = _read(data, Limits.of(size_limit), allow_partial, count_bits=True)
    header, numbers, chunks = contents.header, contents.numbers, contents.chunks
    sizes = {name: CHUNK_BYTES + len(payload) for name, payload in chunks.single.items()}
    if chunks.layers:
        sizes[REPEATED] = sum(CHUNK_BYTES + len(payload) for payload in chunks.layers)
    return FileInfo(
        version=chunks.version,
        width=header.width,
        height=header.height,
        n_gaussians=len(numbers.table) if isinstance(numbers, Coded) else header.n_gaussians,
        channels=header.channels,
        blend=header.blend,
        bit_depth=header.bit_depth,
        wrap=header.wrap,
        coding=numbers.lattice if isinstance(numbers, Coded) else numbers.bits,
        n_bytes=len(memoryview(data).cast("B")),
        bytes_by_chunk={"frame": FRAME_BYTES, **sizes},
        bits_by_attribute=numbers.bits_by_attribute(),
        layers=numbers.layers if isinstance(numbers, Coded) else (),
        metadata=contents.metadata,
        grain=contents.grain,
        block_side=numbers.block_side if isinstance(numbers, Coded) else None,
    )


def _read(
    data: bytes | bytearray | memoryview,
    limits: Limits,
    allow_partial: bool,
    lod: float = 1.0,
    region: tuple[int, int, int, int] | None = None,
    view: View | None = None,
    threads: int | None = None,
    count_bits: bool = False,
) -> _Contents:
    chunks = read_chunks(memoryview(data).cast("B"), allow_partial)
    single = chunks.single
    header = read_header(single["HEAD"])
    metadata = read_metadata(single["mETA"]) if "mETA" in single else None
    grain = read_grain(single["gRAN"], header) if "gRAN" in single else None
    numbers: FixedPoint | Coded
    if region is not None:
        region = area_of(region, Size(header.width, header.height))
    elif view is not None and view.region is not None:
        region = view.on_canvas(header)
    whole, share = level_of(lod, len(chunks.layers))
    if chunks.layers:
        if header.blend != "softmax":
            raise FormatError(f"chunk LATT: the {header.blend} blend is stored in chunk GAUS")
        _check_numbers(header, limits)
        numbers = read_layers(
            single["LATT"],
            chunks.layers,
            header,
            color_transform=single.get("TURN"),
            blocks=single.get("BLKS"),
            partial="TAIL" not in chunks,
            wanted=whole + (share > 0),
            region=region,
            count_bits=count_bits,
            threads=threads,
        )
    else:
        numbers = read_fixed_point(single["GAUS"], header)
        _check_numbers(header, limits)
    return _Contents(header, numbers, share, metadata, grain, chunks)


def _check_numbers(header: Header, limits: Limits) -> None:
    n, values = header.n_gaussians, header.n_gaussians * len(header.channels)
    if n > limits.max_gaussians:
        raise LimitError(f"{n} Gaussians are over the limit of {limits.max_gaussians}")
    if values > limits.max_values:
        raise LimitError(f"{values} colour values are over the limit of {limits.max_values}")


def save(
    path: str | os.PathLike[str],
    gaussians: Gaussians,
    coding: Bits | Lattice | None = None,
    *,
    metadata: dict[str, Any] | None = None,
    grain: Grain | None = None,
    block_side: int | None = None,
    threads: int | None = None,
) -> int:
    """Write a .gsimg file whole or not at all; returns its size in bytes.

    The keywords are those of `encode`. Raises what `encode` raises, and OSError; an existing file is
    then as it was.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> imagegs.save("a.gsimg", gaussians) == len(imagegs.encode(gaussians))
    True
    """
    data = encode(gaussians, coding, metadata=metadata, grain=grain, block_side=block_side, threads=threads)
    write_atomically(path, data)
    return len(data)


def load(
    path: str | os.PathLike[str],
    *,
    size_limit: int | None = DEFAULT_SIZE_LIMIT,
    allow_partial: bool = False,
    lod: float = 1.0,
    whole: bool = True,
    region: tuple[int, int, int, int] | None = None,
    threads: int | None = None,
) -> Gaussians:
    """The Gaussians in a .gsimg file; the keywords are those of `decode`.

    Raises what `decode` raises, and OSError where the file cannot be read.

    >>> image = np.random.default_rng(0).random((16, 24, 3))
    >>> gaussians = imagegs.fit(image, 20, effort=1)
    >>> imagegs.save("a.gsimg", gaussians) > 0
    True
    >>> len(imagegs.load("a.gsimg"))
    20
    """
    with Path(path).open("rb") as file:
        data = read_file(file, size_limit)
    return decode(
        data,
        size_limit=size_limit,
        allow_partial=allow_partial,
        lod=lod,
        whole=whole,
        region=region,
        threads=threads,
    )


def read_file(file: BinaryIO, size_limit: int | None = None) -> bytes:
    """The bytes of an open .gsimg file, for `decode` and `read_info`.

    What a pipe or a device gives may have no end. So this raises FormatError, before the rest is read, when
    it does not start as a .gsimg file does, and LimitError above the bytes that go with size_limit pixels
    (None: the default).
    """
    start = file.read(len(SIGNATURE))
    if start != SIGNATURE:
        read_chunks(memoryview(start))  # it says what is wrong with this start
    return read_to_limit(file, Limits.of(size_limit).max_bytes, start)
