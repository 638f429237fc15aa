"""The maps of a stack as texture files that engines load: KTX2 and DDS, with all mip levels.

docs/engines.md has the formats and how to load them. `formats` lists them; `planning` says which textures a
stack becomes, `packs` which of them hold several maps. `encoding` makes blocks of texels by libraries, `ktx2`
and `dds` are the containers, and `files` puts all of it together: start there.
"""
