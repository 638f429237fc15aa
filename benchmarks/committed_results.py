"""The results that are committed with the code, from which tables of docs/ are made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PUBLISHED = Path(__file__).parent / "published"


@cache
def result(name: str) -> Any:
    """The contents of benchmarks/results/NAME.json."""
    return json.loads((RESULTS / f"{name}.json").read_text())
