"""Maps of the .gsimg files in a model as PNG pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imagegs.applications.export.engines.planning import as_stack
from imagegs.applications.export.maps import PICTURE
from imagegs.applications.gltf.model import Json, Model
from imagegs.applications.gltf.rebuilding import NewImage
from imagegs.errors import FormatError, LimitError
from imagegs.gaussians import Gaussians
from imagegs.limits import Limits
from imagegs.pictures.pixels import IntegerPixels
from imagegs.pictures.png import encode_png
from imagegs.rendering import check_painting
from imagegs.textures.map_list import TextureMap
from imagegs.textures.painting import decode_with_maps, paint_map


@dataclass(frozen=True)
class RestoredImage:
    """A PNG picture that a map was painted to."""

    name: str
    width: int
    height: int
    n_bytes: int


class MapPainter:
    """Paints each map of each file of a model once.

    size_limit: pixels; refuses larger pictures, and more work in proportion (None: the default). listener: is
    told of each picture.
    """

    def __init__(
        self,
        model: Model,
        size_limit: int | None,
        threads: int | None,
        listener: Callable[[RestoredImage], None] | None,
    ) -> None:
        self.model, self.size_limit, self.threads = model, size_limit, threads
        self.listener = listener
        self.images: list[NewImage] = []
        self.restored: list[RestoredImage] = []  # the same, for people
        self._numbers: dict[tuple[int, str | None], int] = {}
        self._files: dict[int, tuple[Gaussians, tuple[TextureMap, ...]]] = {}

    def number_of(self, source: int, name: object, place: str) -> int:
        """The number, among `images`, of a map of the model's image `source`; name None: the first map.

        Raises FormatError for a damaged file and for a map that it has not, LimitError above the limits.
        """
        if name is not None and not isinstance(name, str):
            raise FormatError(f"{place}: the map's name is no text")
        if (source, name) not in self._numbers:
            try:
                self._add(source, name)
            except FormatError as error:
                kind = LimitError if isinstance(error, LimitError) else FormatError
                raise kind(f"images[{source}]: {error}") from error
            self._numbers[source, name] = len(self.images) - 1
        return self._numbers[source, name]

    def _add(self, source: int, name: str | None) -> None:
        if source not in self._files:
            data = self.model.image_bytes(source)
            self._files[source] = decode_with_maps(data, size_limit=self.size_limit, threads=self.threads)
        gaussians, maps = self._files[source]
        check_painting(gaussians, Limits.of(self.size_limit))
        pixels, is_srgb = _painted(gaussians, maps, name, self.threads)
        data = b"".join(encode_png(pixels, is_srgb=is_srgb))
        own: Json = self.model.json["images"][source]
        parts = [str(each) for each in (own.get("name"), name) if each]
        image = NewImage("_".join(parts) or f"image_{source}", "image/png", data)
        height, width, _ = pixels.shape
        self.images.append(image)
        self.restored.append(RestoredImage(image.name, width, height, len(data)))
        if self.listener is not None:
            self.listener(self.restored[-1])


def _painted(
    gaussians: Gaussians, maps: Sequence[TextureMap], name: str | None, threads: int | None
) -> tuple[IntegerPixels, bool]:
    """The pixels (H, W, C) of a map, and whether they are sRGB; FormatError where there is no such map."""
    gaussians, maps = as_stack(gaussians, maps, PICTURE)
    for each in maps:
        if name in (None, each.name):
            return paint_map(gaussians, each, threads), each.color_space == "srgb"
    raise FormatError(f"the file has no map {name!r}")
