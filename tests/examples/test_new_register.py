"""Every command of docs/new-register.md runs, in order, in an empty folder, and answers what stands below it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.drafts.look import Asked, look
from hub.ingest.trial.name_cells import looks_like_name
from tests.support.pages.commands import PORT, ran, reads_like, shell_of, started_hub
from tests.support.pages.steps import Step, steps_of
from tests.support.ports import free_port

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-register.md").read_text("utf-8")
STEPS = steps_of(PAGE)
EXAMPLE = ROOT / "examples" / "new-register"


@dataclass
class Desk:
    """The operator's folder, what is set in their shell, and the hub that they start."""

    folder: Path
    port: int
    own: dict[str, str] = field(default_factory=dict)
    hub: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """As an operator's shell has it, with what the page has set in it."""
        return shell_of(self.folder) | self.own

    def run(self, step: Step) -> None:
        """Run the commands, and hold what they print against what is written."""
        done = ran(self.folder, self.environment, step.text, self.port)
        assert done.returncode == 0, done.stderr + done.stdout
        if step.answer is not None:
            assert json.loads(done.stdout) == json.loads(step.answer), done.stdout
        if step.told is not None:
            shown = done.stderr if step.answer is not None else done.stdout
            assert reads_like(shown, step.told), shown + done.stderr

    def serve(self, step: Step) -> None:
        """Start the hub, and wait until it is ready."""
        words = shlex.split(step.text.replace(PORT, str(self.port)))
        self.hub = started_hub(self.folder, self.environment, ["env", *words], self.port)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("operator")
    (folder / "examples").symlink_to(ROOT / "examples")
    made = Desk(folder, free_port())
    try:
        yield made
    finally:
        if made.hub is not None:
            made.hub.send_signal(signal.SIGTERM)
            made.hub.wait(60)
        ran(folder, made.environment, "sluicegate graph stop", made.port)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_the_page_is_true(desk: Desk, step: Step) -> None:
    if step.kind == "yaml":
        step.write(desk.folder)
    elif step.words == "env":
        desk.own |= dict(re.findall(r"^export (\w+)=(\S+)$", step.text, re.MULTILINE))
    elif step.words == "background":
        desk.serve(step)
    else:
        desk.run(step)


def test_the_page_writes_into_no_folder_of_the_code() -> None:
    commands = "".join(step.text for step in STEPS if step.kind == "sh")
    files = [step.words for step in STEPS if step.kind == "yaml"]
    folders = {"drafts", *(Path(each).parts[0] for each in [*files, *re.findall(r"--out (\S+)", commands)])}
    assert folders == {"drafts", "from-csv", "county"}
    for each in folders:
        assert not (ROOT / each / "__init__.py").exists(), f"{each} is a room of the code"
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert {f"/{each}/" for each in folders} <= set(ignored)


def test_the_page_goes_from_the_sheet_to_the_log() -> None:
    commands = "".join(step.text for step in STEPS if step.kind == "sh")
    for command in (
        "source new examples/new-register/shops.xlsx",
        "source try",
        "pull --dry-run",
        "policy check",
        "serve",
        "query",
        "audit tail",
    ):
        assert f"sluicegate {command}" in commands, command


def test_the_workbook_and_the_csv_file_hold_the_same_200_shops() -> None:
    header, *written = csv.reader((EXAMPLE / "shops.csv").read_text("gb18030").splitlines())
    asked = Asked(str(EXAMPLE / "shops.xlsx"), "shops", 1_000)
    columns = look(asked, looks_like_name).columns
    assert [each.header.removeprefix("经营者/").replace("姓名", "经营者") for each in columns] == [
        "经营者" if each == "经营者" else each.removeprefix("经营者") for each in header
    ]
    assert len(written) == 200
    for at, column in enumerate(columns):
        filled = [row[at] for row in written if row[at]]
        assert [plain(each) for each in column.cells] == [plain(each) for each in filled], column.header


def plain(cell: object) -> str:
    """A cell as both files have it: a day without zeros, a number without a point that says nothing."""
    if isinstance(cell, dt.date):
        return f"{cell.year}/{cell.month}/{cell.day}"
    return str(cell).removesuffix(".0")
