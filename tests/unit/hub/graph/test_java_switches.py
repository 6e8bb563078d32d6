"""The switches that Java is started with: quick ones only where they are asked for, those of safety always."""

from pathlib import Path

import jpype
import pytest

from hub.graph.process import QUICK_START, Launch, start_java

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("quick", [False, True])
def test_only_a_graph_that_is_to_start_quickly_does(
    quick: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr(jpype, "startJVM", lambda *switches, **_: given.extend(switches))
    start_java(Launch(str(tmp_path), (), 0, "300m", "64m", "64m", quick, True))
    assert [each in given for each in QUICK_START] == [quick] * len(QUICK_START)
    assert {"-Xmx300m", "-XX:-CreateCoredumpOnCrash", "-XX:+ExitOnOutOfMemoryError"} <= set(given)
