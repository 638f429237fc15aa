"""Pictures in a web browser: the JavaScript that decodes and paints .gsimg files there."""
