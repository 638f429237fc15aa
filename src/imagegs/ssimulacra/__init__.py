"""SSIMULACRA 2: a score for how far a picture is from its reference, as an eye sees it."""
