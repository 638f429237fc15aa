"""The dumps in section 11 of docs/format.md: each follows the example that writes its file."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from decode_reference import decode, dump

PAGE = Path(__file__).resolve().parents[1] / "docs" / "format.md"


def with_dumps(page: str) -> str:
    """The page with the dumps that its examples give today."""
    variables: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
            exec(compile(example, str(PAGE), "exec"), variables)
        dumps = _dumps(re.findall(r"--dump (\w+\.gsimg)`", page))
        return re.sub(r"(?<=```text\n).*?(?=```)", lambda _: next(dumps), page, flags=re.DOTALL)


def _dumps(names: list[str]) -> Iterator[str]:
    for name in names:
        fields: list[Any] = []
        decode(Path(name).read_bytes(), fields)
        yield dump(fields) + "\n"
