"""Pictures as small neural networks, for `imagegs bench`: a file for each model; `model` needs no PyTorch."""
