"""Runs the programs of `programs/` with Node, the browser and the font that their lock file names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tests.conformance.clients.node_programs import environment, install, node

PATIENCE_SECONDS = 1_800
"""A bound for a browser that hangs; every page with every look takes some minutes on a busy machine."""
PROGRAMS = Path(__file__).parent / "programs"


def install_browser(folder: Path) -> Path:
    """The programs and their packages, in `folder`."""
    (folder / "temporary").mkdir()
    return install(folder, PROGRAMS)


class Driven:
    """People at a browser of their own each, who do a step at a time (`programs/drive.mjs`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, who: str, does: str, **more: str) -> str:
        """Do a step; the text of the page that is seen then. AssertionError if it fails, or the browser complains."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"who": who, "does": does, **more}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "failed" not in answer, (
            f"{who}, {does} {more}: {answer['failed']}\nat {answer['url']}:\n{answer['text']}"
        )
        assert answer["complaints"] == [], f"{who}, {does} {more}"
        return cast(str, answer["text"])


@contextmanager
def driven(folder: Path, origin: str) -> Iterator[Driven]:
    """Browsers of people, until the block ends; `folder` is that of install_browser."""
    command = [node(), "drive.mjs", origin]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=_own(folder), stdin=pipe, stdout=pipe, text=True) as process:
        yield Driven(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def visits(folder: Path, origin: str, pages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a browser shows of each page; `programs/visit.mjs` says what may be asked of it."""
    return cast(list[dict[str, Any]], shown_by(folder, "visit", {"origin": origin, "visits": list(pages)}))


def shown_by(folder: Path, program: str, told: Mapping[str, Any]) -> Any:
    """What a program of `programs/` prints, as JSON; its first lines say what it is told."""
    done = subprocess.run(
        [node(), f"{program}.mjs"],
        cwd=folder,
        env=_own(folder),
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _own(folder: Path) -> dict[str, str]:
    """An environment in which what the browser unpacks and writes goes with the test's own folder."""
    return {**environment(), "TMPDIR": str(folder / "temporary"), "HOME": str(folder / "temporary")}
