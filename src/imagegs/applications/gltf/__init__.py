"""Models in glTF 2.0 whose textures are .gsimg files (docs/EXT_texture_gsimg.md).

`reading` and `writing` take .glb and .gltf files to a `Model` and back, `resources` finds what a URI names,
`uses` and `stacks` say which images belong together, `rebuilding` exchanges images. `moving` and `restoring`
put all of it together: start there.
"""
