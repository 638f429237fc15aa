"""The Triton kernels of imagegs.torch.triton on the CPU: Triton's interpreter runs them, one program after
the other.

Import this module before imagegs.torch.triton, whose kernels are made for the interpreter or for a card when
they are defined. Where torch or Triton is absent, tests that import it are skipped.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from requirements import need_triton

need_triton()


def _patch_once_a_launch(interpreter: Any) -> None:
    """Lets the interpreter put its functions in place of Triton's once a launch.

    It does so in each call of a function of a kernel, too, which takes four fifths of the time and changes
    nothing.
    """
    patch_language, launch = interpreter._patch_lang, interpreter.GridExecutor.__call__
    patched: dict[frozenset[int], Any] = {}

    def patch_new(fn: Callable[..., Any]) -> Any:
        modules = frozenset(id(value) for value in fn.__globals__.values() if inspect.ismodule(value))
        if modules not in patched:
            patched[modules] = patch_language(fn)
        return patched[modules]

    def launch_anew(self: Any, *args: Any, **kwargs: Any) -> Any:
        patched.clear()
        return launch(self, *args, **kwargs)

    interpreter._patch_lang, interpreter.GridExecutor.__call__ = patch_new, launch_anew


with patch.dict(os.environ, TRITON_INTERPRET="1"):
    import triton.experimental.gluon  # Triton imports it at the first launch, and it has kernels as well
    import triton.runtime.interpreter

    from imagegs.torch import triton as kernels

__all__ = ["kernels"]

_patch_once_a_launch(triton.runtime.interpreter)
