"""The command line. Only this package prints and knows exit codes. It has a module for each command."""

from imagegs.cli.app import main

__all__ = ["main"]
