"""`imagegs view`: shows a .gsimg file in the browser."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagegs.cli.exit_codes import about
from imagegs.cli.folder_contents import check_exclude
from imagegs.cli.options import Subparsers, UsageError, add_command, add_overwriting, add_shared, whole
from imagegs.cli.paths import read_input
from imagegs.cli.reports import Verbosity, print_json
from imagegs.cli.run_files import Kind, Output, RunFiles
from imagegs.cli.standard_streams import file_path, is_folder, open_input

if TYPE_CHECKING:
    from imagegs.pictures.pixels import IntegerPixels
    from imagegs.viewer.file_parts import FileParts
    from imagegs.viewer.page import Shown

EXAMPLES = """
examples:
  imagegs view photo.gsimg
  imagegs view photo.gsimg --reference photo.png    a divider, the errors, PSNR of the part in sight
  imagegs view tiles.gsimg --reference tiles        a folder: the original of each map
  imagegs view photo.gsimg --export photo.html      one file that needs no server, to send to somebody
  imagegs view --library imagegs.js                 <image-gs src="photo.gsimg"> on pages of your own

wheel or pinch: zoom. drag: move. double click or 0: all of it. 1: pixel for pixel. [ and ]: level of detail.
e, c, i, t: ellipses, centers, a color for each Gaussian, tile load. s, d: divider, errors. m: next map.
f: full screen. h: hide the controls.

Ctrl-C ends the server. Only programs on this machine that know the random part of its address can read
the picture.
"""

PAGE = Kind("HTML page", b"<!doctype html>", (".html", ".htm"))
LIBRARY = Kind("JavaScript file", b"// imagegs for web pages", (".js", ".mjs"))


def add_parser(commands: Subparsers) -> None:
    """Adds the command `view`."""
    parser = add_command(commands, "view", run, "Show a .gsimg file in the web browser.", EXAMPLES)
    parser.add_argument("file", metavar="FILE.gsimg", type=file_path, nargs="?", help="the file to show")
    parser.add_argument(
        "--reference",
        metavar="ORIGINAL",
        type=file_path,
        help="the picture, or the folder of maps, that the file was made from",
    )
    parser.add_argument(
        "--export",
        metavar="PAGE.html",
        type=file_path,
        help="write one page that holds everything, and start no server",
    )
    parser.add_argument(
        "--library",
        metavar="OUT.js",
        type=file_path,
        help="write imagegs.js, for web pages of your own; takes no FILE",
    )
    add_overwriting(parser)
    parser.add_argument(
        "--port", type=whole(1, 65535), metavar="N", help="port of the server (default: a free one)"
    )
    parser.add_argument("--no-open", action="store_true", help="print the address, but open no browser")
    add_shared(parser, ("exclude", "allow_partial", "size_limit", "quiet", "json"))


def run(options: Namespace) -> None:
    """`imagegs view`."""
    output = options.library or options.export
    _check_usage(options)
    if output is None:
        return _serve(_shown(options), options)
    from imagegs.viewer.page import viewer_page
    from imagegs.web.module import module_text

    kind = LIBRARY if options.library else PAGE
    files = RunFiles.of(options, Output(output, is_named=True, kind=kind, is_text=True))
    files.check()
    text = module_text() if options.library else viewer_page(_shown(options))
    size = files.write(output, text.encode())
    if options.json:
        print_json({"input": options.file and str(options.file), "output": str(output), "bytes": size})
    Verbosity(options.quiet).note(f"{output}: {size:,} bytes")
    return None


def _check_usage(options: Namespace) -> None:
    check_exclude(options.exclude, *([] if options.reference is None else [options.reference]))
    if (options.library is None) == (options.file is None):
        raise UsageError("name a file to show" if options.file is None else "--library needs no file")
    if options.library and (options.export or options.reference):
        raise UsageError("--library is about no file: no --export, no --reference with it")
    if (options.library or options.export) and (options.port or options.no_open):
        raise UsageError("what writes a file starts no server: no --port, no --no-open")
    if (options.overwrite or options.no_overwrite) and not (options.library or options.export):
        raise UsageError("--overwrite and --no-overwrite are about --export and --library")


def _shown(options: Namespace) -> Shown:
    """What the page shows. The file is decoded here, so that errors appear here and not in the browser. A
    large file in blocks is not: the page fetches what is in sight.
    """
    from imagegs.codec import read_file
    from imagegs.engine import at_most
    from imagegs.limits import Limits
    from imagegs.textures.painting import decode_with_maps
    from imagegs.viewer.page import Shown

    if (parts := _in_parts(options)) is not None:
        return Shown(options.file.name, parts, in_parts=True)
    with about(options.file), open_input(options.file) as file:
        data = read_file(file, options.size_limit)
        with at_most(Limits.of(options.size_limit).seconds, "reading"):
            gaussians, maps = decode_with_maps(
                data, size_limit=options.size_limit, allow_partial=options.allow_partial
            )
    references: dict[int, tuple[bytes | str, ...]] = {}
    if options.reference is not None:
        with about(options.reference):
            size = (gaussians.height, gaussians.width)
            references = _references(options, size, gaussians.channels, maps)
    return Shown(options.file.name, data, references, partial=options.allow_partial)


def _in_parts(options: Namespace) -> FileParts | None:
    """The file, if it is large, in blocks, and nothing that was asked for needs all of it."""
    from imagegs.viewer.file_parts import LEAST_BYTES, FileParts, has_blocks

    if options.reference is not None or options.export is not None or options.allow_partial:
        return None
    with about(options.file), ExitStack() as stack:
        file = stack.enter_context(open_input(options.file))
        if not file.seekable() or os.fstat(file.fileno()).st_size < LEAST_BYTES or not has_blocks(file):
            return None
        stack.pop_all()
        return FileParts(file)


def _references(
    options: Namespace, size: tuple[int, int], channels: tuple[str, ...], maps: tuple[Any, ...]
) -> dict[int, tuple[bytes | str, ...]]:
    """The originals, by number of the map; 0 for a picture. Raises ValueError where they do not fit."""
    from imagegs.cli.folders import read_folder
    from imagegs.viewer.page import reference_files

    path: Path = options.reference
    if is_folder(path) != bool(maps):
        raise ValueError(
            "a texture stack is compared with a folder" if maps else "the file is of one picture"
        )
    if not maps:
        picture = read_input(path, size_limit=options.size_limit)
        _check(picture.pixels, size, picture.channels == channels, f"not {' '.join(channels)}")
        return {0: reference_files(_eight_bits(picture.pixels), picture.channels[-1] == "A")}
    speech = Verbosity(options.quiet)
    stack = read_folder(path, options.exclude, speech, size_limit=options.size_limit)
    _check(stack.picture.pixels, size, True, "")
    names = [each.name for each in maps]
    found: dict[int, tuple[bytes | str, ...]] = {}
    start = 0
    for each in stack.maps:
        pixels = stack.picture.pixels[:, :, start : start + each.channels]
        start += each.channels
        if each.name in names and maps[names.index(each.name)].channels == each.channels:
            found[names.index(each.name)] = reference_files(_eight_bits(pixels), each.channels in (2, 4))
    if not found:
        raise ValueError(f"the folder has none of the maps {', '.join(names)}")
    return found


def _check(pixels: Any, size: tuple[int, int], has_channels: bool, wrong_channels: str) -> None:
    height, width = pixels.shape[:2]
    if (height, width) != size:
        raise ValueError(f"the original has {width} x {height} pixels, the file {size[1]} x {size[0]}")
    if not has_channels:
        raise ValueError(f"the original has other channels than the file, {wrong_channels}")


def _eight_bits(pixels: IntegerPixels) -> IntegerPixels:
    from imagegs.pictures.pixels import to_float, to_integers

    return pixels if pixels.dtype.name == "uint8" else to_integers(to_float(pixels), 8)


def _serve(shown: Shown, options: Namespace) -> None:
    from imagegs.viewer.serving import serve_page

    try:
        server = serve_page(shown, options.port or 0)
    except OSError as error:
        error.filename = f"port {options.port}"
        raise
    # Ctrl-C is the intended end.
    with server, suppress(KeyboardInterrupt):
        if options.json:
            print_json({"input": str(options.file), "url": server.url})
        # --quiet must not hide the address where nothing else prints or opens it.
        quiet = options.quiet and (options.json or not options.no_open)
        announce(server.url, "Ctrl-C ends it", no_open=options.no_open, quiet=quiet)
        while True:
            time.sleep(3600)


def announce(url: str, remark: str, *, no_open: bool, quiet: bool) -> None:
    """Prints the address of a page, and opens it in the browser."""
    import webbrowser

    speech = Verbosity(quiet)
    speech.note(f"{url} ({remark})")
    if not no_open and not webbrowser.open(url):
        speech.warn(f"no browser could be opened: open {url}")
