"""HTML pages in one text: what all of them are put together with, in Python and in their scripts."""
