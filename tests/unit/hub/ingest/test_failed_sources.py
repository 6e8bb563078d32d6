"""Whatever goes wrong with one source of a scheduled pull is its outcome, and the watch goes on."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from audit.log import AuditUnavailable
from hub.cli import pull as command
from hub.graph.loaded_catalogue import CatalogueMisfit
from hub.graph.local import GraphAddress
from hub.home.key_files import KeyRefused
from hub.home.settings import Settings
from hub.ingest.runs import outcomes, scheduled_pull
from schema.strict_yaml import YamlFileError
from tests.support.pulling import silent

pytestmark = pytest.mark.unit

ADDRESS = GraphAddress("bolt://127.0.0.1:1", "u", "p")
VALUE = "19903210001"


def pulled(fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> outcomes.Outcome:
    """The outcome of a source whose pull raises this."""

    def fails(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(scheduled_pull, "recorded_pull", fails)
    settings = Settings.load(home=tmp_path)
    return scheduled_pull._pull_one(settings, tmp_path, "one", tmp_path, {}, silent, ADDRESS)


@pytest.mark.parametrize("fault", [CatalogueMisfit("it: tells"), KeyRefused("it: tells"), YamlFileError("it", "tells")])
def test_what_tells_by_itself_is_told(fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = pulled(fault, tmp_path, monkeypatch)
    assert (outcome.result, outcome.problem) == ("FAILED", "one: it: tells")


def test_what_nobody_foresaw_is_told_by_class_and_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = pulled(ZeroDivisionError(VALUE), tmp_path, monkeypatch)
    assert outcome.result == "FAILED"
    assert (outcome.problem or "").startswith("one: internal fault (ZeroDivisionError at test_failed_sources.py:")
    assert VALUE not in repr(outcome)


def test_without_the_audit_log_nothing_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AuditUnavailable):
        pulled(AuditUnavailable("away"), tmp_path, monkeypatch)


class Ended(BaseException):
    """Ends a watch."""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (KeyRefused("it tells"), "error: it tells\n"),
        (AuditUnavailable("it is away"), "error: it is away\n"),
        (KeyError(VALUE), "error: internal fault (KeyError at test_failed_sources.py:"),
    ],
)
def test_the_watch_goes_on(
    fault: Exception, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = []

    def look(*_: Any) -> list[outcomes.Outcome]:
        looks.append(1)
        if len(looks) == 2:
            raise Ended
        raise fault

    monkeypatch.setattr(command, "_pull_due", look)
    monkeypatch.setattr(command, "WATCH_SECONDS", 0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(Ended):
        command._watch(None, [], ADDRESS, False)  # type: ignore[arg-type]
    error = capsys.readouterr().err
    assert error.startswith(told) and VALUE not in error
