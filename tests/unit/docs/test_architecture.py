"""The map of rooms in docs/architecture.md agrees with the imports of the code, and its walks with the functions.

A row of the map names a room (a folder, single files of `hub/`, or both) and the rooms that it may import. No module
lies outside the map, no import goes where the map does not allow it, and no allowed import is unused.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache

import grimp
import pytest

from tests.unit.docs.test_names import ROOT, names_of

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
OURS = ("hub", "schema", "policies", "connectors", "audit")
CODE = re.compile("`([^`]+)`")
NAME = r"hub/\w+|policies|connectors|audit|schema"
STEPS = re.compile(r"^\| \d+ \| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")][2:]


def the_map() -> dict[str, tuple[tuple[str, ...], frozenset[str]]]:
    """Room → the files or the folder that it is, and the rooms that it may import."""
    found = {}
    for name, _, allowed, _ in rows(section("The rooms")):
        places = tuple(CODE.findall(name))
        room = name.partition(":")[0] if ":" in name else places[0]
        found[room] = (places, frozenset(each.strip("` ") for each in allowed.split(",")) - {"–"})
    return found


def room_of(module: str) -> str:
    """The room in which a module lies: its own row, else the row of its folder; KeyError if it has none."""
    parts = module.split(".")
    path = ROOT.joinpath(*parts)
    own, folder = f"{'/'.join(parts)}.py", f"{'/'.join(parts if path.is_dir() else parts[:-1])}/"
    rooms = {place: room for room, (places, _) in the_map().items() for place in places}
    return rooms[own] if own in rooms else rooms[folder]


@cache
def imports() -> dict[str, frozenset[str]]:
    """Room → the other rooms that its modules import."""
    graph = grimp.build_graph(*OURS, cache_dir=None)
    found: dict[str, set[str]] = {room: set() for room in the_map()}
    # The packages' own files and those of hub are single files; what lies in no room is found here.
    for module in graph.modules - {"hub"}:
        for other in graph.find_modules_directly_imported_by(module) - {"hub"}:
            found[room_of(module)].add(room_of(other))
    return {room: frozenset(others - {room}) for room, others in found.items()}


@pytest.mark.parametrize("room", the_map())
def test_a_room_imports_what_the_map_allows_and_nothing_else(room: str) -> None:
    _, allowed = the_map()[room]
    assert {"unexpected": imports()[room] - allowed, "unused": allowed - imports()[room]} == {
        "unexpected": frozenset(),
        "unused": frozenset(),
    }


def test_every_module_lies_in_a_room_of_the_map() -> None:
    graph = grimp.build_graph(*OURS, cache_dir=None)
    assert {room_of(module) for module in graph.modules - {"hub"}} == set(the_map())


def test_the_picture_shows_the_layers_of_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    packages, rooms = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    picture = section("In one picture").partition("```\n")[2].partition("```")[0]
    lines = [line for line in picture.splitlines() if not line.startswith(" ─")]
    names = [{word for word in line.split() if re.fullmatch(NAME, word)} for line in lines]
    assert names == [
        {name.strip().replace(".", "/") for name in layer.split("|")} for layer in (*rooms, *packages) if layer != "hub"
    ]


def test_every_room_says_where_to_begin() -> None:
    for name, _, _, begin in rows(section("The rooms")):
        folder = CODE.findall(name)[0]
        for file in CODE.findall(begin):
            assert (ROOT / folder / file).exists() or (ROOT / folder).parent.joinpath(file).exists(), (name, file)


def test_no_folder_holds_more_than_25_files() -> None:
    folders = [folder for name in (*OURS, "tests") for folder in (ROOT / name).rglob("*") if folder.is_dir()]
    full = {str(folder): count for folder in folders if (count := len(list(folder.glob("*.py")))) > 25}
    assert full == {}


@pytest.mark.parametrize(("file", "functions"), STEPS.findall(section("Four walks")))
def test_a_step_of_a_walk_is_a_function_of_its_file(file: str, functions: str) -> None:
    assert [name for name in CODE.findall(functions) if name not in names_of(ROOT / file)] == []


def test_there_are_four_walks() -> None:
    walks = section("Four walks").split("\n### ")[1:]
    assert [walk.partition(":")[0] for walk in walks] == ["A request", "A policy", "A source row", "An audit record"]
    assert all(len(STEPS.findall(walk)) >= 6 for walk in walks)
    assert len(STEPS.findall(section("Four walks"))) == len(re.findall(r"^\| \d", section("Four walks"), re.MULTILINE))
