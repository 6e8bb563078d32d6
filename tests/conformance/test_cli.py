"""The commands as a user runs them: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.preloaded.commands import preloaded
from tests.support.searched_log import LOCAL
from tests.support.serving import COUNTY, Served, serving

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
WU = ("--as", "wu")
GROUPS = ["graph", "audit", "policy"]
COMMANDS = [
    ["demo"],
    ["serve"],
    ["sample"],
    ["pull"],
    ["token"],
    ["login"],
    ["logout"],
    ["query"],
    ["graph", "start"],
    ["graph", "stop"],
    ["graph", "status"],
    ["source", "refused"],
    *(
        ["policy", name]
        for name in ("check", "draft", "rollback", "approve", "activate", "history", "export", "explain", "schema")
    ),
    ["policy", "vocabulary"],
    ["audit", "tail"],
    ["audit", "show"],
    ["audit", "verify"],
    *(["audit", name] for name in ("key", "checkpoint", "prove", "continuation", "prepare", "accept-loss")),
]
FIRE = ["--app", "fire-inspection", "--purpose", "safety.fire.rental"]


def environment_of(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    return {**known, "SLUICEGATE_HOME": str(home), "COLUMNS": "120", **more}


def started(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As from a shell, with the start of Python."""
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        env=environment_of(home, environment),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with preloaded(tmp_path_factory.mktemp("preloaded")) as commands:

        def run(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
            ended = commands.run(*arguments, environment=environment_of(home, environment))
            shown = (ended.stdout.decode(), ended.stderr.decode())
            return subprocess.CompletedProcess(ended.args, ended.returncode, *shown)

        yield run


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("cli") / "home") as running:
        running.ask()
        running.ask("{ people(first: 1) { edges { node { name } } } }")
        running.ask(purpose="safety")
        yield running


@pytest.fixture
def its_home(served: Served) -> Path:
    return served.hub.settings.home


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(command: list[str], tmp_path: Path) -> None:
    shown = started(*command, "--help", home=tmp_path)
    assert shown.returncode == 0
    assert "Example: " in shown.stdout
    assert f"sluicegate {' '.join(command)}" in " ".join(shown.stdout.split())
    assert not list(tmp_path.iterdir())


def test_help_lists_every_command(tmp_path: Path) -> None:
    shown = started("--help", home=tmp_path).stdout
    assert all(f"  {name} " in shown for name in {command[0] for command in COMMANDS})


@pytest.mark.parametrize("group", [[], ["graph"], ["policy"], ["audit"], ["pii"], ["source"]], ids=" ".join)
def test_each_command_is_described_in_one_line_in_both_languages(group: list[str], tmp_path: Path) -> None:
    shown = started(*group, "--help", home=tmp_path, COLUMNS="80").stdout
    lines = shown.partition("Commands:\n")[2].splitlines()
    assert lines
    assert [line for line in lines if not re.search(r"\([\u4e00-\u9fff]+\)\.$", line)] == []


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["audit", "tail"], {}, "there is no audit log"),
        (["audit", "verify"], {}, "there is no audit log"),
        (["token", "--app", "nobody"], {}, "registered: fire-inspection"),
        (["policy", "check", "nowhere"], {}, "nowhere: is no folder here"),
        (["policy", "diff", "curent", "nowhere"], {}, "curent: is no folder here; name a policy folder, the number"),
        (
            ["policy", "explain", *FIRE, "--folder", "examples/county/policies", "Person"],
            {},
            "Person is a type; name a field of it too",
        ),
        (["query", *FIRE, "{ __typename }", "--person", ""], {}, "--person is empty"),
        (["query", *FIRE, "{ __typename }", "--port", "9"], {}, "start one with `sluicegate serve`"),
        (["query", *FIRE, "{ __typename }", "--variables", "[]"], {}, "not a JSON object"),
        (["query", *FIRE, "{ __typename }", "--variables", "{"], {}, "not JSON"),
        (["query", *FIRE, "{ nothing }", "--explain"], {}, "VALIDATION"),
        (["graph", "stop"], {"SLUICEGATE_PROT": "1"}, "unknown setting SLUICEGATE_PROT"),
        (["pull", "nothing", "--set", "HOTLINE_URL=http://127.0.0.1:9"], {"SLUICEGATE_GRAPH_PORT": "x"}, "graph_port"),
        (["sample", "--out", "tests"], {}, "tests"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_refusal_is_one_line_and_exit_code_1(
    run: Run, tmp_path: Path, arguments: list[str], environment: dict[str, str], told: str
) -> None:
    ended = run(*arguments, home=tmp_path / "home", **environment)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert told in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["query"],
        ["audit", "show", "x"],
        ["pull", "--set", "novalue"],
        ["token", "--app", "x", "--seconds", "9999"],
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    assert run(*arguments, home=tmp_path).returncode == 2


def test_query_finds_the_hub_of_its_home(run: Run, its_home: Path, served: Served) -> None:
    answer = run("query", *FIRE, "{ __typename }", "--port", str(served.port), "--json", home=its_home)
    assert json.loads(answer.stdout)["data"] == {"__typename": "Query"}
    assert answer.returncode == 0
    (its_home / "hub.json").write_text(json.dumps({"pid": 1, "host": "127.0.0.1", "port": served.port}))
    human = run("query", *FIRE, "{ __typename }", home=its_home)
    assert json.loads(human.stdout) == {"__typename": "Query"}
    assert human.stderr.startswith("record ")


def test_a_refused_query_is_exit_code_1(run: Run, its_home: Path, served: Served) -> None:
    ended = run(
        "query",
        "--app",
        "statistics",
        "--purpose",
        "safety",
        "{ __typename }",
        "--port",
        str(served.port),
        home=its_home,
    )
    assert ended.returncode == 1
    assert "PURPOSE_DENIED" in ended.stderr
    assert "purposesThatWould" in ended.stderr


def test_a_token_is_accepted(run: Run, its_home: Path, served: Served) -> None:
    token = run("token", "--app", "fire-inspection", "--person", "li", home=its_home).stdout.strip()
    assert served.ask(token=token).status_code == 200


def test_explain_shows_decision_and_statement(run: Run, tmp_path: Path) -> None:
    query = '{ people(first: 1, where: {region: {startsWith: "CANARY/"}}) { edges { node { name phone birthDate } } } }'
    shown = run("query", *FIRE, query, "--explain", home=tmp_path / "home")
    assert shown.returncode == 0
    assert "Person.name: mask surname" in shown.stdout
    assert "MATCH" in shown.stdout
    assert "CANARY" not in shown.stdout
    told = json.loads(run("query", *FIRE, query, "--explain", "--json", home=tmp_path / "home").stdout)
    assert told["purpose"] == "safety.fire.rental"


def test_audit_tail_show_verify(run: Run, its_home: Path, served: Served) -> None:
    lines = [
        json.loads(line)
        for line in started("audit", "tail", "-n", "1000", "--json", *WU, home=its_home, **LOCAL).stdout.splitlines()
    ]
    assert [each["index"] for each in lines] == list(range(len(lines)))
    assert [each["result"] for each in lines[:3]] == ["OK", "GRAPH_UNAVAILABLE", "PURPOSE_DENIED"]
    table = run("audit", "tail", "-n", "1", *WU, home=its_home, **LOCAL).stdout.splitlines()
    assert len(table) == 2
    assert table[0].split()[:6] == ["index", "time", "what", "application", "purpose", "result"]
    shown = json.loads(run("audit", "show", "1", *WU, home=its_home, **LOCAL).stdout)
    assert shown["operationText"] == "{ people(first: 0) { edges { node { name } } } }"
    verdict = json.loads(run("audit", "verify", "--json", home=its_home).stdout)
    assert (verdict["ok"], verdict["size"]) == (True, len(served.records()))
    assert run("audit", "show", "99999", *WU, home=its_home, **LOCAL).returncode == 1


def test_policy_check(run: Run, tmp_path: Path) -> None:
    shown = run("policy", "check", str(COUNTY), "--json", home=tmp_path)
    assert "fire-inspection" in json.loads(shown.stdout)["applications"]


def test_sample(run: Run, tmp_path: Path) -> None:
    told = run("sample", "--out", str(tmp_path / "county"), "--people", "200", "--json", home=tmp_path)
    assert json.loads(told.stdout)["people"] == 200
    assert (tmp_path / "county" / "summary.json").exists()
    assert not (tmp_path / "county" / "migrants").exists()
    run("sample", "--out", str(tmp_path / "county"), "--people", "200", "--whole", home=tmp_path)
    assert (tmp_path / "county" / "migrants" / "140321001000.xlsx").exists()


def test_graph_status_of_none(run: Run, tmp_path: Path) -> None:
    ended = run("graph", "status", "--json", home=tmp_path)
    assert (ended.returncode, json.loads(ended.stdout)["phase"]) == (1, "stopped")
