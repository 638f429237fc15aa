"""`python -m imagegs` is the command `imagegs`.

Python looks for modules in the current folder first, which may hold a numpy.py of somebody else's: not from
here on. What it has looked for by then (this package, and what its __init__ imports) only `python -P` or the
command protects.
"""

import sys
from pathlib import Path

if not sys.flags.safe_path and sys.path[:1] in ([""], [str(Path.cwd())]):
    del sys.path[0]

from imagegs.cli import main

sys.exit(main())
