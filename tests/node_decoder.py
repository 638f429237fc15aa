"""The JavaScript decoder in a Node.js process that lives as long as its user."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from imagegs.web.module import module_text

NODE = shutil.which("node")
_ARRAYS = {
    "integers": np.int32,
    "xy": "<f4",
    "scale": "<f4",
    "angle": "<f4",
    "log_weight": "<f4",
    "color": "<f4",
}


class NodeDecoder:
    """Decodes one file after the other; limits are as wide as they go."""

    def __init__(self) -> None:
        assert NODE is not None, "Node.js is missing"
        self._folder = tempfile.TemporaryDirectory()
        module = Path(self._folder.name) / "imagegs.mjs"
        module.write_text(module_text(), encoding="utf-8")
        command = [NODE, str(Path(__file__).with_suffix(".mjs")), str(module)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> NodeDecoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def decode(self, data: bytes, allow_partial: bool = False) -> dict[str, Any]:
        """What decode() of the library gives, `problem`: None, or why it is no valid file; its arrays by the
        names of `Gaussians`, flat; `maps`: what is wrong with the list of maps, or None; `grain`: the
        deviations of its cells, or None; and how many `milliseconds` it took.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(struct.pack("<IB", len(data), allow_partial) + data)
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the JavaScript decoder has ended"
        found: dict[str, Any] = json.loads(line)
        for (name, kind), length in zip(_ARRAYS.items(), found.pop("lengths"), strict=False):
            found[name] = np.frombuffer(self._process.stdout.read(length), kind)
        return found
