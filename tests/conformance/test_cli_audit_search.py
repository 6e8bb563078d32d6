"""What an auditor does is recorded before they see anything of it, and no personal value is in what they typed."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit.log import read
from audit.record import Digester, Record
from audit.verify import verify
from hub.auditor.search_terms import person_digests, read_filters, surrogate_of
from hub.cli.main import app
from hub.errors import Code
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
from hub.request.floods import Source, flood_record
from tests.support.searched_log import (
    NAME,
    NUMBER,
    OTHER,
    PHONE,
    Run,
    audit_commands,
    destroy_digest_key,
    searched_home,
)
from tests.support.serving import COUNTY

pytestmark = [pytest.mark.conformance, pytest.mark.attack]


@pytest.fixture
def settings(home: Path) -> Settings:
    return searched_home(home)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(COUNTY))
    return audit_commands(settings)


def indexes(found: Result) -> list[int]:
    assert found.exit_code == 0, found.stderr
    return [json.loads(line)["index"] for line in found.stdout.splitlines()]


def newest(settings: Settings) -> Record:
    return list(read(settings.audit_file))[-1].record


@pytest.mark.parametrize(
    ("filters", "given", "wanted"),
    [
        (["kind=query"], "", [3, 2, 1, 0]),
        (["purpose=safety.fire.rental"], "", [2, 0]),
        (["purpose=safety.fire", "coordinate=Person", "effect=masked", "region=14/03/"], "", [3, 2, 1, 0]),
        (["department=police"], "", []),
        (["person=-"], f"{NUMBER}\n", [1, 0]),
        (["case=-"], "EV-9\n", [3]),
        (["value=-"], f"{PHONE}\n", [2]),
        (["person=-", "value=-"], f"{OTHER}\n{PHONE}\n", [2]),
        (["since=2020-01-01", "until=2021-01-01T00:00+08:00"], "", []),
    ],
    ids=str,
)
def test_f06_f13_searches_find_and_are_recorded_by_digest(
    run: Run, settings: Settings, filters: list[str], given: str, wanted: list[int]
) -> None:
    assert indexes(run("search", "--json", *filters, given=given)) == wanted
    record = newest(settings)
    assert (record.kind, record.operation_name) == ("search", "audit search")
    assert record.subject == digester_of(settings).digest("steward", "wu")
    assert record.variables["found"] == str(len(wanted))
    assert not any(value in str(dict(record.variables)) for value in (NUMBER, OTHER, PHONE, "EV-9", "police", "safety"))


def test_who_finds_every_kind_of_person_that_a_record_names(run: Run, settings: Settings) -> None:
    digester = digester_of(settings)
    acted = Record(kind="query", request_id="r", result="OK", http_status=200)
    log = open_log(settings)
    asked = log.append_sync(replace(acted, subject=digester.digest("subject", "248289761001"))).index
    drafted = log.append_sync(replace(acted, kind="policy", subject=digester.digest("steward", "zhang"))).index
    started = log.append_sync(command_record(digester, "admin", "hub start")).index
    log.close()
    searched = indexes(run("search", "--json", "who=-", given="wu\n"))
    assert searched == []
    found = {
        who: indexes(run("search", "--json", "who=-", given=f"{who}\n"))
        for who in ("248289761001", "zhang", str(os.getuid()), "wu", "nobody")
    }
    assert found["248289761001"] == [asked] and found["zhang"] == [drafted] and found[str(os.getuid())] == [started]
    assert found["wu"] == [7 + each for each in (3, 2, 1, 0)], "the searches by the auditor before this one"
    assert found["nobody"] == []
    shown = newest(settings).variables
    assert indexes(run("search", "--json", f"who=#{digester.digest('steward', 'zhang')}")) == [drafted]
    assert "nobody" not in str(dict(shown)) and {"who", "who.account", "who.user"} <= set(shown)


@pytest.mark.parametrize("command", [["search"], ["facets"], ["export", "OUT"], ["subject", "--person"]], ids=str)
def test_f13_nothing_is_shown_that_cannot_be_recorded(
    run: Run, settings: Settings, tmp_path: Path, command: list[str]
) -> None:
    out = tmp_path / "out"
    command = [str(out) if each == "OUT" else each for each in command]
    settings.audit_head.write_bytes(b"another log's head")
    before = len(list(read(settings.audit_file)))
    found = run(*command, given=f"{NUMBER}\n")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "FOREIGN" in found.stderr
    assert not out.exists() and len(list(read(settings.audit_file))) == before


def test_f13_each_act_has_its_kind(run: Run, settings: Settings, tmp_path: Path) -> None:
    run("search")
    run("facets", "department=fire")
    run("export", str(tmp_path / "out"), "person=-", given=f"{NUMBER}\n")
    run("subject", "--person", given=f"{NUMBER}\n")
    found = [each.record for each in read(settings.audit_file, 4)]
    assert [(each.kind, each.operation_name) for each in found] == [
        ("search", "audit search"),
        ("search", "audit facets"),
        ("export", "audit export"),
        ("subject", "audit subject"),
    ]
    person = person_digests(digester_of(settings), surrogate_of(settings)(NUMBER))[0]
    assert found[2].variables["subject"] == found[3].variables["subject"] == person
    # Who searched for a person is found by the person's digest as a value, and is no access to their data.
    assert indexes(run("search", "--json", f"value=#{person}")) == [7, 6]
    assert indexes(run("search", "--json", f"person=#{person}")) == [1, 0]


@pytest.mark.parametrize("name", ["person", "value", "case", "who"])
def test_what_may_tell_of_a_person_is_not_taken_from_the_command_line(run: Run, settings: Settings, name: str) -> None:
    before = len(list(read(settings.audit_file)))
    found = run("search", f"{name}={NUMBER}")
    assert found.exit_code == 1 and f"write {name}=-" in found.stderr and NUMBER not in found.output
    assert len(list(read(settings.audit_file))) == before


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (["nothing=1"], "there is no 'nothing' to search by; there are "),
        (["purpos=stat"], "; did you mean purpose?"),
        (["department"], "NAME is one of"),
        (["department="], "NAME is one of"),
        (["department=a", "department=b"], "given twice"),
        (["sid=1", "person=-"], "given twice"),
        (["since=yesterday"], "takes a day"),
        (["kind=look"], "unknown kind"),
        (["effect=seen"], "unknown effect"),
        (["person=-"], "no valid resident id number"),
        (["value=-"], "was not given"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(run: Run, filters: list[str], says: str) -> None:
    found = run("search", *filters, given="\n" if filters == ["value=-"] else "1234\n")
    assert found.exit_code == 1 and says in found.stderr and "1234" not in found.output


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("coordinate=Person.fone", "Person.phone"),
        ("coordinate=Persom", "Person"),
        ("application=fire-inspecton", "fire-inspection"),
        ("department=Fire", "fire"),
        ("purpose=safety.fire.rentl", "safety.fire.rental"),
        ("result=ok", "OK"),
        ("region=14/03/2", "14/03/21/"),
        ("region=14//03", "14/03/21/"),
        ("policy_version=0123", ""),
        ("kind=querry", "query"),
        ("effect=cleer", "clear"),
        ("purpos=safety", "purpose"),
    ],
)
def test_case_3_12_an_unknown_word_is_refused_with_the_nearest(
    run: Run, settings: Settings, word: str, nearest: str
) -> None:
    for command in (["search"], ["facets"], ["export", str(settings.home / "out")]):
        found = run(*command, word)
        assert found.exit_code == 1 and found.stdout == "" and nearest in found.stderr, found.output


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (["region=14/03/21"], [3, 2, 1, 0]),
        (["region=14/03/21/"], [3, 2, 1, 0]),
        (["region=14"], [3, 2, 1, 0]),
        (["region=14/03/21/001/"], []),
        (["purpose=safety"], [3, 2, 1, 0]),
        (["department=statistics"], []),
        (["coordinate=Person.gender"], []),
        (["result=REFUSED"], []),
    ],
    ids=str,
)
def test_case_3_12_what_is_known_is_searched_for(run: Run, filters: list[str], wanted: list[int]) -> None:
    assert indexes(run("search", "--json", *filters)) == wanted


def test_case_3_12_a_day_is_taken_whole(run: Run, settings: Settings) -> None:
    with closing(open_log(settings)) as log:
        for local in ((29, 23, 59), (30, 0, 0), (30, 23, 59)):
            moment = dt.datetime(2026, 6, *local, tzinfo=settings.zone).astimezone(dt.UTC)
            time = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            log.append_sync(Record(kind="pull", request_id="d", result="OK", http_status=0, time=time))
    assert indexes(run("search", "--json", "kind=pull", "until=2026-06-30")) == [6, 5, 4]
    assert indexes(run("search", "--json", "kind=pull", "since=2026-06-30", "until=2026-06-30")) == [6, 5]
    assert indexes(run("search", "--json", "kind=pull", "until=2026-06-30T00:00")) == [4]
    days = json.loads(run("facets", "--json", "kind=pull").stdout)["day"]
    assert days == {"2026-06-29": 1, "2026-06-30": 2}


@pytest.mark.parametrize(
    "words", [["since=2026-07-02", "until=2026-07-01"], ["until=2026-02-30"], ["until=9999-12-31"]]
)
def test_case_3_12_days_that_cannot_be_meant_are_refused(run: Run, words: list[str]) -> None:
    assert run("search", *words).exit_code == 1


def add_floods(settings: Settings) -> None:
    """380 refusals in two flood records, beside a hundred of their own."""
    with closing(open_log(settings)) as log:
        for code in ["UNAUTHENTICATED"] * 100:
            log.append_sync(Record(kind="refusal", request_id="r", result=code, http_status=401))
        for counts in ({"UNAUTHENTICATED": 200, "BAD_REQUEST": 80}, {"BAD_REQUEST": 100}):
            codes = Counter({Code(code): count for code, count in counts.items()})
            log.append_sync(flood_record(Source("s" * 22), "2026-06-30T08:00:00.000Z", codes))


def test_case_3_11_a_flood_counts_as_what_it_stands_for(run: Run, settings: Settings) -> None:
    add_floods(settings)
    found = json.loads(run("facets", "--json").stdout)
    assert found["result"] == {"UNAUTHENTICATED": 300, "BAD_REQUEST": 180, "OK": 4}
    assert found["kind"] == {"flood": 380, "refusal": 100, "query": 4}
    assert sum(found["day"].values()) == 484
    one = json.loads(run("facets", "--json", "result=BAD_REQUEST").stdout)
    assert one["result"] == {"BAD_REQUEST": 180} and one["kind"] == {"flood": 180}


def test_case_3_11_a_search_finds_each_code_of_a_flood_and_says_how_many(run: Run, settings: Settings) -> None:
    add_floods(settings)
    assert indexes(run("search", "--json", "result=BAD_REQUEST")) == [105, 104]
    assert indexes(run("search", "--json", "-n", "2", "result=UNAUTHENTICATED")) == [104, 103]
    assert "2 found in" in (shown := run("search", "kind=flood").stdout) and "stand for 380 requests" in shown
    assert "UNAUTHENTICATED ×280" in shown and "×100" in run("tail", "-n", "9").stdout
    assert "stand for" not in run("search", "kind=query").stdout


def test_case_3_11_an_index_of_an_older_layout_is_made_again(run: Run, settings: Settings) -> None:
    add_floods(settings)
    run("facets")
    with closing(sqlite3.connect(settings.home / "audit.index.db")) as connection:
        connection.execute("DROP TABLE flood")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    assert json.loads(run("facets", "--json").stdout)["kind"]["flood"] == 380


def test_pages_follow_each_other(run: Run) -> None:
    assert indexes(run("search", "--json", "-n", "3", "kind=query")) == [3, 2, 1]
    assert indexes(run("search", "--json", "-n", "3", "kind=query", "--before", "1")) == [0]
    assert "more with --before 3" in run("search", "-n", "1", "kind=query").stdout


def test_facets_are_counted(run: Run) -> None:
    found = json.loads(run("facets", "--json", "kind=query").stdout)
    assert found["purpose"] == {"safety.fire": 2, "safety.fire.rental": 2}
    assert found["coordinate"] == {"Person.name": 4, "Person.phone": 4}
    assert re.search(r"^ +2 +safety\.fire\.rental$", run("facets", "kind=query").stdout, re.MULTILINE)


def test_an_export_is_checked_with_the_key_alone(run: Run, settings: Settings, tmp_path: Path) -> None:
    folder, public = tmp_path / "out", tmp_path / "audit.pub"
    told = json.loads(run("export", str(folder), "person=-", "--json", given=f"{NUMBER}\n").stdout)
    assert told["records"] == 2 and told["checkpoint"] == 5
    public.write_text(run("key").stdout, "utf-8")
    shutil.rmtree(settings.home)

    def check(*more: str) -> Result:
        return CliRunner().invoke(app, ["audit", "verify-export", str(folder), "--key", str(public), *more])

    first, *open_questions = check().stdout.splitlines()
    assert first == "ok: 2 records of sluicegate.local/audit, proved in its tree of 5"
    begin = ("not compared: the selection", "not compared: its checkpoint with the log as it is now")
    assert [each.startswith(text) for each, text in zip(open_questions, begin, strict=True)] == [True, True]
    assert json.loads(check("--json").stdout)["records"] == 2
    rows = list(csv.DictReader(io.StringIO((folder / "records.csv").read_text("utf-8"))))
    assert [row["index"] for row in rows] == ["0", "1"]
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(value.encode() in everything for value in (NUMBER, NAME, PHONE))
    content = (folder / "records.jsonl").read_bytes()
    (folder / "records.jsonl").write_bytes(content.replace(b"fire-inspection", b"fire-inspectiom", 1))
    found = check()
    assert found.exit_code == 1 and "records.jsonl" in found.stderr
    moved = folder.rename(folder.with_name("moved"))
    assert f"there is no folder {folder}; name the folder" in check().stderr
    moved.rename(folder)
    public.write_bytes(b"\xff\xfe")
    found = check()
    assert found.exit_code == 1 and "neither a key nor a file" in found.stderr


def test_who_saw_a_person(run: Run, settings: Settings) -> None:
    found = json.loads(run("subject", "--person", "--json", given=f"{NUMBER.lower()}\n").stdout)
    assert [(each["department"], each["purpose"], each["kinds"], each["told"]) for each in found] == [
        ("fire", "safety.fire", ["name", "phone"], True),
        ("fire", "safety.fire.rental", ["name", "phone"], True),
    ]
    sid = surrogate_of(settings)(NUMBER)
    assert json.loads(run("subject", "--sid", sid, "--json").stdout) == found
    nobody = ("subject", "--sid", sid, "--until", "2020-01-01")
    assert run(*nobody).stdout == "no access to data of this person is on record, of which they may know\n"
    assert run(*nobody, "--json").stdout == "[]\n"
    assert "safety.fire.rental  name, phone" in run("subject", "--sid", sid).stdout
    assert run("subject").exit_code == run("subject", "--person", "--sid", sid).exit_code == 1


def test_help_says_why_the_number_is_no_argument() -> None:
    shown = " ".join(CliRunner().invoke(app, ["audit", "subject", "--help"]).stdout.split())
    assert "The id number is never an argument: a command line is seen by every user" in shown


def test_f05_nothing_that_is_shown_acts_on_a_terminal(run: Run, settings: Settings) -> None:
    log = open_log(settings)
    evil = "\x1b[2J\u202e\u2028\nfire\x07"
    log.append_sync(replace(next(iter(read(settings.audit_file))).record, application=evil, region=evil))
    log.close()
    for command in (["search"], ["facets"], ["search", "--json"]):
        shown = run(*command).stdout
        assert len(shown) > 100 and all(line.isprintable() for line in shown.split("\n"))


def test_f14_after_an_erasure_nothing_leads_to_the_person(run: Run, settings: Settings) -> None:
    """The records stay and the tree verifies; without the keys a digest leads to nobody, and nobody to a digest."""
    before = json.loads(run("subject", "--person", "--json", given=f"{NUMBER}\n").stdout)
    digest = person_digests(digester_of(settings), surrogate_of(settings)(NUMBER))[0]
    assert len(before) == 2
    whole = b"".join(path.read_bytes() for path in settings.home.glob("audit*"))
    assert digest.encode() in whole
    # Neither the number nor the surrogate was ever in the log or its index: there is nothing to take out.
    assert not any(each.encode() in whole for each in (NUMBER, surrogate_of(settings)(NUMBER)))
    destroy_digest_key(settings)
    assert json.loads(run("subject", "--person", "--json", given=f"{NUMBER}\n").stdout) == []
    assert person_digests(digester_of(settings), surrogate_of(settings)(NUMBER))[0] != digest
    assert verify(settings.audit_file).ok
    assert indexes(run("search", "--json", "kind=query")) == [3, 2, 1, 0]


def test_filters_are_those_of_a_query() -> None:
    def never(_: str) -> Any:
        raise AssertionError("nothing is asked for")

    asked = read_filters(["sid=abc", "kind=query"], Digester(b"k" * 32), never, never, dt.UTC)
    assert asked.query.subject == Digester(b"k" * 32).every("person", "abc") and asked.query.kind == "query"
