"""Every command of the steward's tutorial runs, in order, in an empty folder, and answers what stands below it."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.pages.commands import PORT, ran, reads_like, shell_of, started_hub
from tests.support.pages.steps import Step, steps_of

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy-language.md").read_text("utf-8")
STEPS = steps_of(PAGE)


@dataclass
class Desk:
    """The steward's folder, and the hub that he starts in the course of the tutorial."""

    folder: Path
    port: int
    hubs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, step: Step) -> None:
        """Run the commands, and hold what they print against what is written."""
        done = ran(self.folder, shell_of(self.folder), step.text, self.port)
        expected = int(step.words.removeprefix("exit=")) if step.words else 0
        assert done.returncode == expected, done.stderr + done.stdout
        assert step.answer is None, "what this page's commands answer is text"
        if step.told is not None:
            shown = done.stdout if done.stdout.strip() else done.stderr
            assert reads_like(shown, step.told), shown + done.stderr

    def serve(self, step: Step) -> None:
        """Start the hub, and wait until it is ready."""
        words = step.text.replace(PORT, str(self.port)).strip()
        command = ["bash", "-c", f"exec {words}" if "=" not in words.split()[0] else f"exec env {words}"]
        self.hubs.append(started_hub(self.folder, shell_of(self.folder), command, self.port))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("steward")
    (folder / "examples").symlink_to(ROOT / "examples")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = Desk(folder, probe.getsockname()[1])
    try:
        yield made
    finally:
        for hub in made.hubs:
            hub.send_signal(signal.SIGTERM)
            hub.wait(60)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_the_page_is_true(desk: Desk, step: Step) -> None:
    if step.kind == "yaml":
        step.write(desk.folder)
    elif step.words == "background":
        desk.serve(step)
    else:
        desk.run(step)


@pytest.mark.parametrize(
    ("found", "wanted", "holds"),
    [("version 7 a", "version … a", True), ("version 7", "version 8", False), ("a\nb", "a", False)],
)
def test_an_answer_that_differs_would_be_seen(found: str, wanted: str, holds: bool) -> None:
    assert reads_like(found, wanted) == holds


def test_the_page_covers_what_a_steward_does() -> None:
    commands = "".join(step.text for step in STEPS if step.kind == "sh")
    for command in ("check", "explain", "diff", "preview", "draft", "approve", "activate", "history", "replay"):
        assert f"sluicegate policy {command} " in commands or f"sluicegate policy {command}\n" in commands, command
    assert "sluicegate policy rollback" in commands
    assert {"purposes", "grants", "prohibitions", "expect"} <= {
        line.rstrip(":") for step in STEPS if step.kind == "yaml" for line in step.text.splitlines()
    }
    assert len(STEPS) > 20
