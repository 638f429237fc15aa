"""The differentiable renderer for PyTorch."""
