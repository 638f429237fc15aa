"""The parts of `imagegs.files`: the new bytes of a file are written beside it, then moved into its place."""
