"""Measuring pictures and codecs against each other; nothing here is needed to fit or to decode."""
