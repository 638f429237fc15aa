"""The formats of texels in texture files, each with the package that encodes it.

This module imports nothing of the package, so that the command line can offer the names.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A way to store texels."""

    name: str
    side: int  # texels: its blocks have side x side of them
    n_bytes: int  # of a block
    has_srgb: bool  # whether graphics cards have it with sRGB colours, too
    module: str | None  # what encodes it, None: nothing has to
    distribution: str | None  # what the module is installed by

    @property
    def is_basis(self) -> bool:
        """Whether it is one of Basis Universal, which KTX2 alone holds and loaders make other blocks of."""
        return self.module == "alktx2"


_BC7ENC, _ETCPAK, _ALKTX2 = ("bc7enc", "bc7enc-py"), ("etcpak", "etcpak"), ("alktx2", "alktx2")
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("bc7", 4, 16, True, *_ETCPAK),
        Format("bc5", 4, 16, False, *_BC7ENC),
        Format("bc4", 4, 8, False, *_BC7ENC),
        Format("bc3", 4, 16, True, *_BC7ENC),
        Format("bc1", 4, 8, True, *_BC7ENC),
        Format("etc1s", 4, 8, True, *_ALKTX2),
        Format("uastc", 4, 16, True, *_ALKTX2),
        Format("rgba8", 1, 4, True, None, None),
    )
}
BC1_ALPHA = Format("bc1a", 4, 8, True, *_BC7ENC)  # what bc1 is where there is an alpha of 0 and 255
