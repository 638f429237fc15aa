"""The command line. Printing, progress bars and exit codes live here alone; one file a command."""

from imagegs.cli.app import main

__all__ = ["main"]
