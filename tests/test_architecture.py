"""The house rules: which way imports run, how fast the package comes up, what the native objects export."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import imagegs
from gsimg_samples import sample_gaussians
from imagegs import Bits, encode

PACKAGE = Path(imagegs.__file__).parent

# From the bottom to the top. A module may import from its own layer and from those below it.
LAYERS = [
    {"_native", "choices", "errors", "forking", "gaussians", "limits", "memory", "own_units", "version"},
    {"engine", "staging", "files"},
    {"pictures"},
    {"rendering", "metrics", "ssimulacra"},
    {"codec", "torch"},
    {"fitting"},
    {"restoration", "textures", "drawing", "grain"},
    {"compression", "pages", "web"},
    {"applications", "evaluation", "viewer", "pillow"},
    {"distributed"},
    {"large"},
    {"", "cli", "__main__"},
]
SIBLINGS_APART = [  # none of a set imports another
    {"restoration", "textures", "drawing", "grain"},
    {"compression", "pages", "web"},
    {"evaluation", "viewer"},
]


def layer_of(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names)


def imported_rooms(path: Path) -> set[str]:
    """Names below imagegs that a file imports, "" for the package itself."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used"
            names = [node.module or ""]
            if node.module == "imagegs":
                names = [f"imagegs.{a.name}" if layer_exists(a.name) else "imagegs" for a in node.names]
        rooms |= {
            name.partition(".")[2].partition(".")[0] for name in names if name.split(".")[0] == "imagegs"
        }
    return rooms


def layer_exists(name: str) -> bool:
    return any(name in names for names in LAYERS)


def test_imports_run_one_way():
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        room = "" if room == "__init__" else room
        for other in imported_rooms(path):
            assert layer_of(other) <= layer_of(room), f"{path} imports imagegs.{other}"
            apart = any({room, other} <= siblings for siblings in SIBLINGS_APART)
            assert room == other or not apart, f"{path} imports imagegs.{other}"


def test_only_the_command_line_prints():
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] == "cli":
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert not any(isinstance(c.func, ast.Name) and c.func.id == "print" for c in calls), path


def modules_after(code: str) -> list[str]:
    """The names of the modules that a new process has loaded after some statements."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_the_import_stays_light():
    """Nothing that only some commands need comes up with the package."""
    loaded = modules_after("import imagegs")
    for heavy in (
        "scipy",
        "rich",
        "typer",
        "PIL.ImageCms",
        "concurrent.futures.process",
        "skimage",
        "torch",
        "triton",
        "dask",
    ):
        assert heavy not in loaded


def test_dask_is_loaded_when_it_is_used():
    """So that a message can say that it is missing."""
    loaded = modules_after("import imagegs.distributed, imagegs.cli.batch")
    assert "imagegs.distributed.running" in loaded and not {"dask", "distributed"} & set(loaded)


def test_the_command_line_is_parsed_before_numpy_is_loaded():
    assert "numpy" not in modules_after("from imagegs.cli.app import make_parser; make_parser()")


def test_a_command_loads_no_others(tmp_path: Path) -> None:
    file, png = tmp_path / "a.gsimg", tmp_path / "a.png"
    file.write_bytes(encode(sample_gaussians(), Bits()))
    arguments = ["decode", str(file), "-o", str(png)]
    loaded = modules_after(f"from imagegs.cli import main; main({arguments})")
    assert png.exists() and "imagegs.cli.encode" not in loaded
    for heavy in ("PIL.Image", "imagegs.pictures.reading", "imagegs.fitting"):
        assert heavy not in loaded


NATIVE_ROOMS = ("core", "render", "training")  # each includes itself and those before it


def test_native_includes_run_one_way():
    """The entropy coder stands alone; bindings, tests and what collects the kernels see everything."""
    native = Path(__file__).parent.parent / "native"
    allowed = {room: set(NATIVE_ROOMS[: i + 1]) for i, room in enumerate(NATIVE_ROOMS)} | {
        "entropy": {"entropy"}
    }
    for room, others in allowed.items():
        paths = [p for p in (native / room).rglob("*") if p.suffix in (".h", ".cpp")]
        assert paths, room
        for path in paths:
            included = re.findall(r'#include "(\w+)/', path.read_text())
            assert set(included) <= others, path


def test_kernels_use_no_templates_of_the_standard_library():
    """See native/kernels.cpp: a shared copy of one could be built for another processor."""
    native = Path(__file__).parent.parent / "native"
    sources = [
        native / "kernels.cpp",
        native / "core/simd.h",
        native / "render/gaussian.h",
        native / "render/points.h",
        native / "training/points.h",
        *native.glob("*/kernels/*.h"),
    ]
    allowed = {"std::memcpy", "std::memset"}
    for path in sources:
        code = re.sub(r"//.*", "", path.read_text())
        assert set(re.findall(r"std::\w+", code)) <= allowed, path
        assert set(re.findall(r"#include <(\w+)>", code)) <= {
            "cstdint",
            "cstring",
            "cstddef",
            "cfloat",
            "cmath",
        }
