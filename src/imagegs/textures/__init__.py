"""Texture stacks: the maps of a texture as one picture with many channels, and back."""
