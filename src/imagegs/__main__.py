"""`python -m imagegs` is the command `imagegs`."""

import sys

from imagegs.cli import main

sys.exit(main())
