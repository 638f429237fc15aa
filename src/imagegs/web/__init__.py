"""The JavaScript that decodes and paints .gsimg files on web pages: an npm package, and one module of all its files."""
