"""Many pictures on a Dask cluster: `pip install 'imagegs[batch]'`.

from imagegs.distributed import compress_many
for row in compress_many(["photos"], "out", bpp=0.3):
    print(row.output, row.bpp, row.psnr, row.error)
"""

from imagegs.distributed.bags import compress_bag
from imagegs.distributed.many import compress_many
from imagegs.distributed.rows import Row

__all__ = ["Row", "compress_bag", "compress_many"]
