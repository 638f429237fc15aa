"""Gaussians for a shader: buffers, a description of them, and functions that sample any map at any point.

docs/shaders.md specifies the layout. `maps` says what can be sampled, `buffers` has the arrays, `manifest`
describes them, `shaders` fills the templates in the folder of that name, and `files` puts all of it together:
start there.
"""
