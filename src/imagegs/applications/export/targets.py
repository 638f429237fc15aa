"""What an export can be, and its files."""

from __future__ import annotations

LANGUAGES = ("glsl", "wgsl", "hlsl")
SHADER_TARGETS = (*LANGUAGES, "json")  # buffers of Gaussians
TEXTURE_TARGETS = ("ktx2", "dds")  # texture files
TARGETS = (*SHADER_TARGETS, *TEXTURE_TARGETS)
BUFFERS = ("offsets", "ids", "gaussians", "colors")  # in the order in which they are bound
MANIFEST, TEXT = "manifest.json", "texture.json"


def file_names(target: str) -> tuple[str, ...]:
    """The names of a shader target's files, in the order in which they are written: who finds the last one
    finds all.
    """
    return (TEXT,) if target == "json" else (*map(buffer_file, BUFFERS), shader_file(target), MANIFEST)


def buffer_file(buffer: str) -> str:
    """The name of a buffer's file."""
    return f"{buffer}.bin"


def shader_file(language: str) -> str:
    """The name of the file with the functions."""
    return f"sample.{language}"
