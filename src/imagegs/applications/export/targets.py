"""What an export can be, and its files."""

from __future__ import annotations

LANGUAGES = ("glsl", "wgsl", "hlsl")
SHADER_TARGETS = (*LANGUAGES, "json")  # buffers of Gaussians
TEXTURE_TARGETS = ("ktx2", "dds")  # texture files
TARGETS = (*SHADER_TARGETS, *TEXTURE_TARGETS)
BUFFERS = ("offsets", "ids", "gaussians", "colors")  # in the order in which they are bound
MIPS = "mips"  # the buffer of texels, bound behind them
MANIFEST, TEXT = "manifest.json", "texture.json"


def file_names(target: str, mips: bool = True) -> tuple[str, ...]:
    """The names of a shader target's files, in the order in which they are written: where the last one is,
    all are.
    """
    if target == "json":
        return (TEXT,)
    buffers = (*BUFFERS, MIPS) if mips else BUFFERS
    return (*map(buffer_file, buffers), shader_file(target), MANIFEST)


def buffer_file(buffer: str) -> str:
    """The name of a buffer's file."""
    return f"{buffer}.bin"


def shader_file(language: str) -> str:
    """The name of the file with the functions."""
    return f"sample.{language}"
