"""Pictures larger than memory: fitted block by block, on any number of workers, into one file."""

from imagegs.large.encoding import LargeReport, Step, encode_large
from imagegs.large.running import Workers, cluster_workers, local_workers

__all__ = ["LargeReport", "Step", "Workers", "cluster_workers", "encode_large", "local_workers"]
