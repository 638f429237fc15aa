"""Measures of how alike pictures look that only the bench needs: LPIPS, ST-LPIPS."""
