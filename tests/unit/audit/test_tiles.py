"""Tiles: each has one address and the right hashes, and is served only if a checkpoint covers it."""

import pytest

from audit.tiles import Tile, TileUnknown, parse, tile
from tests.support.memory_tree import Tree

pytestmark = pytest.mark.unit

TREE = Tree.of(70_000)


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("0/000", Tile(0, 0)),
        ("0/005.p/17", Tile(0, 5, 17)),
        ("1/999", Tile(1, 999)),
        ("2/x001/000", Tile(2, 1_000)),
        ("4/x001/x234/067", Tile(4, 1_234_067)),
        ("4/x001/x234/067.p/1", Tile(4, 1_234_067, 1)),
        ("63/x001/x000/x000/x000/x000/x000/000.p/255", Tile(63, 10**18, 255)),
    ],
)
def test_one_path_one_tile(path: str, at: Tile) -> None:
    assert parse(path) == at
    assert at.path == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "/0/000",
        "0/000/",
        "0/0",
        "0/00",
        "0/0000",
        "0/x000/000",
        "0/x001",
        "0/001/002",
        "0/x1/234",
        "0/X001/234",
        "0/-01",
        "0/+01",
        "00/000",
        "01/000",
        "-1/000",
        "64/000",
        "100/000",
        "0/000.p",
        "0/000.p/",
        "0/000.p/0",
        "0/000.p/01",
        "0/000.p/256",
        "0/000.p/999",
        "0/000.p/1000",
        "0/000.p/1/",
        "0/000.P/1",
        "0/000.p/1\n",
        "0/000\n",
        "0/٠٠٠",
        "0/000%2e",
        "0/../000",
        "data/000",
        "entries/000",
        "8/0/000",
        "0/x001/x000/x000/x000/x000/x000/x000/000",
    ],
)
def test_any_other_spelling_is_no_tile(path: str) -> None:
    with pytest.raises(TileUnknown):
        parse(path)


@pytest.mark.parametrize(
    ("level", "number", "width"), [(0, 0, 256), (0, 0, 1), (0, 272, 256), (0, 273, 112), (1, 0, 256), (1, 1, 17)]
)
def test_a_tile_holds_its_hashes(level: int, number: int, width: int) -> None:
    start = number * 256
    hashes = TREE.nodes(level, start, start + width) if level else TREE.leaves(start, start + width)
    assert tile(TREE, level, number, width, size=70_000) == b"".join(hashes)


def test_a_full_tile_of_level_2_is_the_root_of_65536() -> None:
    assert tile(TREE, 2, 0, 1, size=70_000) == Tree.of(65_536).root


@pytest.mark.parametrize(
    ("size", "level", "number", "width"),
    [
        (0, 0, 0, 1),
        (255, 0, 0, 256),
        (255, 1, 0, 1),
        (256, 0, 1, 1),
        (257, 0, 1, 2),
        (65_535, 1, 0, 256),
        (65_535, 2, 0, 1),
        (70_000, 0, 273, 113),
        (70_000, 1, 1, 18),
        (70_000, 2, 0, 2),
        (70_000, 3, 0, 1),
        (70_000, 63, 0, 1),
        (70_000, 64, 0, 1),
        (70_000, -1, 0, 1),
        (70_000, 0, -1, 256),
        (70_000, 0, 0, 0),
        (70_000, 0, 0, 257),
        (10**9, 0, 273, 256),
    ],
)
def test_no_tile_beyond_the_checkpoint(size: int, level: int, number: int, width: int) -> None:
    with pytest.raises(TileUnknown):
        tile(TREE, level, number, width, size=size)


class Torn(Tree):
    """A store that lost the last hash of what it is asked for."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        return super().leaves(start, stop)[:-1]


def test_a_short_tile_is_never_served() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        tile(Torn.of(300), 0, 0, 256, size=300)
