"""Grain: noise in place of the incoherent texture that a small file loses, told by a chunk of the file."""
