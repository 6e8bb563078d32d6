"""Tiles: pages of the tree's hashes, by which other software reads the log.

A tile that was served never changes: a published checkpoint covers all of it. Only hashes are served. Entry bundles are
not: they would show records.

C2SP tlog-tiles: tile `number` of `level` holds up to 256 hashes of 32 bytes, the roots of the perfect subtrees of
height 8 × level from number × 256 on (level 0: the leaf hashes). Its path is `<level>/<number>`, the number in
groups of three digits, all but the last with an `x` before (`x001/x234/067`); a tile of width W < 256 ends in
`.p/W`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit.tree import TILE_HEIGHT, TILE_WIDTH, Leaves

MAX_LEVEL: Final = 63
# More groups would name a tile beyond 2⁶³ leaves, and there is none.
MAX_GROUPS: Final = 7

_PATH: Final = re.compile(
    rf"(0|[1-9][0-9]?)/((?:x[0-9]{{3}}/){{0,{MAX_GROUPS - 1}}}[0-9]{{3}})(?:\.p/([1-9][0-9]{{0,2}}))?",
    re.ASCII,
)


class TileUnknown(LookupError):
    """There is no such tile: the path is malformed, or no published checkpoint covers it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Names a tile: `width` hashes (1 to 256) of `level` (0 to 63), from number × 256 on."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """What follows `tile/` in its address."""
        groups = f"{self.number:,}".split(",")
        groups = [group.zfill(3) for group in groups]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"{self.level}/{number}{partial}"


def parse(path: str) -> Tile:
    """The tile whose address ends in `tile/` and `path`; raises TileUnknown for any other spelling of it."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileUnknown("this is not the path of a tile")
    level, number, width = found.groups()
    tile = Tile(int(level), int(number.replace("/", "").replace("x", "")), int(width or TILE_WIDTH))
    if tile.level > MAX_LEVEL or tile.path != path:
        raise TileUnknown("this is not the path of a tile")
    return tile


def tile(tree: Leaves, level: int, number: int, width: int, *, size: int) -> bytes:
    """The hashes of one tile, one after another: 32 × width bytes.

    `size` is the size of the newest published checkpoint. Raises TileUnknown where that does not cover the tile.
    """
    start = number * TILE_WIDTH
    stop = start + width
    covered = min(size, tree.size) >> (TILE_HEIGHT * level) if 0 <= level <= MAX_LEVEL else 0
    if number < 0 or not 1 <= width <= TILE_WIDTH or stop > covered:
        raise TileUnknown("no published checkpoint covers this tile")
    hashes = tree.nodes(level, start, stop) if level else tree.leaves(start, stop)
    if len(hashes) != width:
        raise ValueError("the tree does not hold the hashes of its size")
    return b"".join(hashes)
