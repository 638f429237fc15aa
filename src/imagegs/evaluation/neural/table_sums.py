"""Weighted sums of a table's rows, four for each sum, with a gradient that is fast on one thread."""

from __future__ import annotations

import warnings
from typing import Any

import torch

CORNERS = 4


class TableSums(torch.autograd.Function):
    """(S, F) of a table (R, F), of rows and weights, (S, 4) both, and of `transposed` of the same.

    The gradient is a product with the last one; that of embedding_bag takes sixty times as long.
    """

    @staticmethod
    def forward(ctx: Any, table: torch.Tensor, *encoded: torch.Tensor) -> torch.Tensor:
        rows, weights, ctx.transposed = encoded
        return torch.nn.functional.embedding_bag(rows, table, per_sample_weights=weights, mode="sum")

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return ctx.transposed @ gradient, None, None, None


def transposed(rows: torch.Tensor, weights: torch.Tensor, n_rows: int) -> torch.Tensor:
    """The weights as a sparse matrix (n_rows, S), for a table of n_rows."""
    flat = rows.reshape(-1)
    indices = torch.stack([flat, torch.arange(len(flat)) // CORNERS])
    size = n_rows, len(rows)
    matrix = torch.sparse_coo_tensor(indices, weights.reshape(-1), size, check_invariants=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return matrix.coalesce().to_sparse_csr()  # corners of a cell that collide are added up
