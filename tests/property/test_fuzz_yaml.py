"""Generated changes to the YAML files that stewards and operators write: each loads, or says where it is wrong and why.

Policies, sources and word lists: bytes and lines dropped, repeated, moved or replaced. Nothing but the errors that the
loaders promise comes out of them, each naming file and line.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from connectors.manifest import ManifestError
from connectors.sources import load_sources
from policies.language import load
from policies.text.word_list import load as load_words
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.fuzz import cases

pytestmark = [pytest.mark.property, pytest.mark.slow]

COUNTY = Path(__file__).parents[2] / "examples" / "county"
VARIABLES = {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"}
WORDS = (
    "", "~", "null", "true", "yes", "0", "-1", "010", "1e999", ".nan", "1_000", "2026-02-31", "2026-06-30",
    "12:30:45", "''",
    "[]", "{}", "[[]]", "{a: }", "*a", "&a x", "!!python/object:os.system x", "!!set {a}", "<<: {a: 1}", "? a", "- -",
    "|", ">", "%YAML 1.2", "---", "...", "#", "'", '"', '"\\ud800"', '"\\x00"', "\u202e", "\u200b", "\ufeff",
    "张", "\t",
    "${DATA}", "${NO}", "env:", "file:", "clear", "{mask: x}", "{mask: phone(3,4)}", "{aggregate: {k: 0}}",
    "Person", "Person.fone",
    "Person.*", "tag:personal", "a" * 300, "x: " * 40, "[" * 200, "9" * 500,
)  # fmt: skip
JUNK = (
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\r",
    b"\t",
    b":",
    b"- ",
    b"\n",
    b"{",
    b"]",
    b"",
)
TOKEN = re.compile(r"\w[\w.\-]*|\s+|.", re.DOTALL)
PLACED = re.compile(r"[\w.-]+\.yaml(:\d+)?: \S")


def changed(rng: Random, content: bytes) -> bytes:
    """The file with a few of its bytes, words or lines changed."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        content = rng.choice((changed_bytes, changed_words, changed_words, changed_lines, changed_lines))(rng, content)
    return content


def changed_bytes(rng: Random, content: bytes) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(JUNK) + content[at + rng.choice((0, 1, 5)) :]


def changed_words(rng: Random, content: bytes) -> bytes:
    tokens = TOKEN.findall(content.decode("utf-8", "surrogateescape"))
    at = rng.randrange(len(tokens) + 1)
    tokens[at : at + rng.choice((0, 1))] = rng.choice(
        ([rng.choice(WORDS)], [rng.choice(WORDS)], [rng.choice(tokens or [""])], [])
    )
    return "".join(tokens).encode("utf-8", "surrogateescape")


def changed_lines(rng: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[at : at + rng.choice((1, 1, 4))]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at] = rng.choice((b"  ", b" ", b"\t", b"- ")) + lines[at]
        case _:
            lines[at] = lines[at].removeprefix(b"  ")
    return b"\n".join(lines)


def load_policies(folder: Path) -> None:
    """The policies of a folder."""
    load(folder, SPINE)


def load_all_sources(folder: Path) -> None:
    """The sources of a folder."""
    load_sources(folder, SPINE, VARIABLES)


def load_word_list(folder: Path) -> None:
    """The word list of a folder."""
    load_words(folder / "words.yaml")


LOADERS: dict[str, tuple[Path, Callable[[Path], None]]] = {
    "policies": (COUNTY / "policies", load_policies),
    "sources": (COUNTY / "sources", load_all_sources),
    "words": (COUNTY, load_word_list),
}


@pytest.mark.parametrize("name", LOADERS)
def test_a_changed_file_loads_or_says_where_it_is_wrong(name: str, tmp_path: Path) -> None:
    given, loader = LOADERS[name]
    outcomes = {"loads": 0, "refused": 0}
    for case in cases(100):
        folder = tmp_path / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in given.glob("*.yaml"):
            shutil.copy(path, folder)
        path = case.rng.choice(sorted(folder.iterdir()))
        path.write_bytes(changed(case.rng, path.read_bytes()))
        try:
            loader(folder)
            outcomes["loads"] += 1
        except (YamlFileError, ManifestError) as refused:
            outcomes["refused"] += 1
            told = str(refused).splitlines()
            assert told and all(PLACED.match(each) and len(each.split()) >= 4 for each in told), f"{case}: {told}"
        except Exception as wrong:
            raise AssertionError(f"{case}: {type(wrong).__name__}: {wrong}") from wrong
    print(outcomes)
    assert all(outcomes.values())
