"""Which measured pictures a published table has, and its means where they are over just these pictures."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

from imagegs.evaluation.published_rows import Point, picture_key
from imagegs.evaluation.published_tables import Published


class Match:
    """A published codec beside the measured pictures.

    pictures: of results.json, each with name, width, height. Names are matched by `picture_key`; a picture
    that has another number of pixels in the table is another picture. A key that several measured pictures
    have matches none.
    """

    def __init__(self, codec: Published, pictures: list[dict[str, Any]]) -> None:
        self._codec, self._pictures = codec, pictures
        self._keys = Counter(picture_key(picture["name"]) for picture in pictures)
        self.named: dict[str, list[Point]] = {}  # the rows of each picture of the table, by its key
        for point in codec.points:
            if point.picture is not None:
                self.named.setdefault(picture_key(point.picture), []).append(point)
        self.shared: dict[str, list[Point]] = {}  # the rows of each measured picture, by its name
        self.other_size: list[str] = []  # the measured pictures that are of another size in the table
        for picture in pictures:
            points = self.named.get(picture_key(picture["name"]), [])
            if not points or self._keys[picture_key(picture["name"])] > 1:
                continue
            if _fit(points, picture):
                self.shared[picture["name"]] = points
            else:
                self.other_size.append(picture["name"])
        self.means = (
            self._means_of_rows() or self._means_of_table()
        )  # over all measured pictures, by rising bpp

    @property
    def own_means(self) -> list[Point]:
        """The means that the table has, over whatever pictures."""
        return [point for point in self._codec.points if point.picture is None]

    def note(self) -> str:
        """Sentences about the pictures and the means, for the report."""
        parts, n_measured = [], len(self._pictures)
        if self.named:
            parts.append(f"Has {len(self.shared)} of the {n_measured} measured pictures.")
        if self.other_size:
            parts.append(f"In another size it has {len(self.other_size)}.")
        parts.append(
            f"Means are over all {n_measured} measured pictures."
            if self.means
            else f"No means are drawn: {self._why_no_means()}."
        )
        return " ".join(parts)

    def _means_of_rows(self) -> list[dict[str, Any]]:
        """Means at each setting that the table has of all measured pictures."""
        n_pictures = len(self._pictures)
        groups: dict[str, list[Point]] = {}
        for points in self.shared.values():
            for point in points:
                setting = point.setting or (str(point.bpp) if n_pictures == 1 else "")
                groups.setdefault(setting, []).append(point)
        complete = [group for setting, group in groups.items() if setting and len(group) == n_pictures]
        return sorted(map(_mean, complete), key=lambda mean: float(mean["bpp"]))

    def _means_of_table(self) -> list[dict[str, Any]]:
        """The means that the table has, if they are over the measured pictures."""
        points = self.own_means
        if not self._is_over_measured() or not all(_fit(points, picture) for picture in self._pictures):
            return []
        return sorted((_mean([point]) for point in points), key=lambda mean: float(mean["bpp"]))

    def _is_over_measured(self) -> bool:
        return Counter(map(picture_key, self._codec.over)) == self._keys

    def _why_no_means(self) -> str:
        if self.own_means and self._is_over_measured():
            return "its own are of these pictures in another size"
        if self.own_means and self._codec.over:
            both = sum(picture_key(name) in self._keys for name in self._codec.over)
            return f"its own are over other pictures ({len(self._codec.over)}, of which {both} measured)"
        if self.own_means:
            return "it does not tell which pictures its own are over"
        if len(self.shared) < len(self._pictures):
            return "it does not have all measured pictures"
        return "it tells no setting at which all pictures have a row"


def _fit(points: Iterable[Point], picture: dict[str, Any]) -> bool:
    """Whether no point is of another number of pixels than the picture has."""
    return all(point.pixels in (None, picture["width"] * picture["height"]) for point in points)


def _mean(points: list[Point]) -> dict[str, Any]:
    """The means of bpp and of the metrics that all points have."""
    names = [name for name in points[0].values if all(name in point.values for point in points)]
    values = {name: statistics.fmean(point.values[name] for point in points) for name in names}
    bpp = statistics.fmean(point.bpp for point in points)
    return {"bpp": bpp, "setting": points[0].setting or None, **values}
