"""Fits on a graphics card: an objective whose pictures stay on the card.

The recipe is the same one, and the numbers of the Gaussians go back and forth. Only `choosing` may be
imported where no card is asked for, since the other modules need PyTorch.
"""
