"""Small ICC profiles, and the chunk of PNG that holds one."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import ImageCms


def matrix_profile(gamma: float, swap: bool = False, kind: str = "curv", gray: bool = False) -> bytes:
    """A small ICC profile: sRGB's primaries and a power curve.

    swap: red and green are exchanged. kind: how the curve is stored ("srgb": the curve of sRGB in place of
    the power). gray: one curve without primaries.
    """

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curves = {
        "curv": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0",
        "table": b"curv\0\0\0\0" + struct.pack(">I", 1024)
        + (np.linspace(0, 1, 1024) ** gamma * 65535).round().astype(">u2").tobytes(),
        "para": b"para\0\0\0\0\0\0\0\0" + fixed(gamma),
        "srgb": b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    }  # fmt: skip
    primaries = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)]
    if swap:
        primaries[:2] = primaries[1::-1]
    white = b"XYZ \0\0\0\0" + fixed(0.9642, 1.0, 0.8249)
    text = "probe".encode("utf-16-be")
    description = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text + b"\0\0"
    tags = {b"desc": description, b"wtpt": white, b"cprt": description}
    if gray:
        tags[b"kTRC"] = curves[kind]
    else:
        for name, color in zip((b"r", b"g", b"b"), primaries, strict=True):
            tags[name + b"XYZ"] = b"XYZ \0\0\0\0" + fixed(*color)
            tags[name + b"TRC"] = curves[kind]
    table, body, offset = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    space = b"GRAY" if gray else b"RGB "
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"\0\0\0\0", 0x04200000, b"mntr", space, b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def icc_chunk(profile: bytes) -> dict[bytes, bytes]:
    """The chunk iCCP of PNG, by its type."""
    return {b"iCCP": b"icc\0\0" + zlib.compress(profile)}


def display_p3() -> bytes:
    """An ICC profile: the primaries of Display P3, adapted to D50, and the curve of sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, xyz in ((b"rXYZ", (0.51512, 0.2412, -0.00105)), (b"gXYZ", (0.29198, 0.69225, 0.04189)),
                      (b"bXYZ", (0.1571, 0.06657, 0.78407))):  # fmt: skip
        (place,) = struct.unpack_from(">I", profile, profile.index(name) + 4)
        struct.pack_into(">3i", profile, place + 8, *(round(65536 * value) for value in xyz))
    named = profile.replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be"))
    return bytes(named.replace(b"sRGB", b"Wide"))
