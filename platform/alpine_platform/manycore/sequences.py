# SPDX-License-Identifier: Apache-2.0
"""Which chunks each copy of a stage needs of an edge's source, and in which order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .stages import StageEdge

__all__ = ["ChunkSequence", "chunk_sequence"]

Shorts = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChunkSequence:
    """Chunks of a batch that one copy of a stage needs; a chunk's rank counts those before it.

    Members
    -------
    ranks : per chunk of the source, its rank, or -1 where the copy does not need it.
    chunks : per rank, the chunk.
    needs : per step of the copy, how many ranks must be there for it.
    frees : per step, how many ranks nobody needs after it.
    """

    ranks: Shorts
    chunks: Shorts
    needs: Shorts
    frees: Shorts


def chunk_sequence(
    edge: StageEdge, *, source_chunks: int, target_chunks: int, copies: int, copy: int, images: int
) -> ChunkSequence:
    """Return what a copy needs, by the edge's window; copies take turns over the whole batch."""
    steps = np.arange(copy, images * target_chunks, copies)
    image, chunk = np.divmod(steps, target_chunks)
    first = chunk * edge.stride - edge.padding
    begin = image * source_chunks + np.maximum(first, 0)
    end = image * source_chunks + np.minimum(first + edge.window, source_chunks)
    bounds = np.zeros(images * source_chunks + 1, dtype=np.int64)
    np.add.at(bounds, begin, 1)
    np.add.at(bounds, end, -1)
    needed = np.cumsum(bounds[:-1]) > 0
    before = np.concatenate([[0], np.cumsum(needed)])
    # What the next step needs stays; behind the last one, nothing does.
    frees = np.append(before[begin[1:]], before[-1])
    return ChunkSequence(
        ranks=np.where(needed, before[:-1], -1).astype(np.int32),
        chunks=np.flatnonzero(needed).astype(np.int32),
        needs=before[end].astype(np.int32),
        frees=frees.astype(np.int32)[: len(steps)],
    )
