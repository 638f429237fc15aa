"""Measures of how alike pictures look that are computed here: SSIMULACRA 2, LPIPS, ST-LPIPS."""
