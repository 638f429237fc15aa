"""The JavaScript that decodes and paints .gsimg files on web pages: an npm package, or one file."""
