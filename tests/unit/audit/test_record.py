"""Records: each has one form in bytes, and nothing in these bytes disturbs a terminal or a page."""

import json
from dataclasses import replace

import pytest

from audit.record import MAX_BYTES, Coordinates, Digester, Record, RecordInvalid, check, decode, encode, pack, split

pytestmark = pytest.mark.unit

RECORD = Record(
    kind="query",
    request_id="r-1",
    result="OK",
    http_status=200,
    time="2026-11-22T08:00:00.000Z",
    application="fire-inspection",
    region="14/03/21/",
    purpose="safety.fire.rental",
    operation_name="巡查",
    variables={"$grid": "code"},
    decision=Coordinates(clear=("Dwelling.id",), denied=("Person.phone",)),
    nodes=2,
    subjects=("s1", "s2"),
    duration_us=4200,
    salt="00" * 16,
    catalogue_version="c1",
    actor_application="gateway",
    actor="a1",
)


def test_the_bytes_of_version_5_stay_as_they_are() -> None:
    assert encode(RECORD).decode() == (
        '{"actor":"a1","actor_application":"gateway","application":"fire-inspection","case":null,"catalogue_version":"c1","decision":{"aggregated":[],"answered":[],"clear":["Dwelling.id"],'
        '"denied":["Person.phone"],"masked":[],"matched":[]},"department":null,"duration_us":4200,'
        '"http_status":200,"kind":"query","nodes":2,"operation":null,"operation_name":"巡查",'
        '"policy_version":null,"purpose":"safety.fire.rental","region":"14/03/21/",'
        '"request_digest":null,"request_id":"r-1",'
        '"result":"OK","salt":"00000000000000000000000000000000","subject":null,"subjects":["s1","s2"],'
        '"time":"2026-11-22T08:00:00.000Z","v":5,"variables":{"$grid":"code"}}'
    )
    assert decode(encode(RECORD)) == RECORD


VERSION_2 = (
    '{"application":"fire-inspection","case":null,"decision":{"aggregated":[],"clear":["Dwelling.id"],'
    '"denied":["Person.phone"],"masked":[],"matched":[]},"department":null,"duration_us":4200,'
    '"http_status":200,"kind":"query","nodes":2,"operation":null,"operation_name":"巡查",'
    '"policy_version":null,"purpose":"safety.fire.rental","region":"14/03/21/",'
    '"request_digest":null,"request_id":"r-1",'
    '"result":"OK","salt":"00000000000000000000000000000000","subject":null,"subjects":["s1","s2"],'
    '"time":"2026-11-22T08:00:00.000Z","v":2,"variables":{"$grid":"code"}}'
)


VERSION_3 = VERSION_2.replace('"case":null,', '"case":null,"catalogue_version":"c1",').replace('"v":2', '"v":3')


VERSION_4 = encode(RECORD).decode().replace('"answered":[],', "").replace('"v":5', '"v":4')


def test_a_record_of_version_4_is_read_and_stays_one() -> None:
    read = decode(VERSION_4.encode())
    assert read == replace(RECORD, v=4)
    assert encode(read).decode() == VERSION_4
    with pytest.raises(RecordInvalid, match="decision does not have the effects of version 5"):
        decode(VERSION_4.replace('"v":4', '"v":5').encode())
    with pytest.raises(RecordInvalid, match="a record of version 4 has no answered"):
        replace(RECORD, decision=Coordinates(answered=("Person.ageOver",)), v=4)


def test_a_record_of_version_3_is_read_and_stays_one() -> None:
    read = decode(VERSION_3.encode())
    assert read == replace(RECORD, actor_application=None, actor=None, v=3)
    assert encode(read).decode() == VERSION_3
    with pytest.raises(RecordInvalid, match="does not have the fields of version 4"):
        decode(VERSION_3.replace('"v":3', '"v":4').encode())


def test_a_record_of_version_2_is_read_and_stays_one() -> None:
    read = decode(VERSION_2.encode())
    assert read == replace(RECORD, catalogue_version=None, actor_application=None, actor=None, v=2)
    assert encode(read).decode() == VERSION_2
    assert check(VERSION_2.encode()) == RECORD.time


def test_each_part_of_a_record_of_version_2_is_of_that_version() -> None:
    parts = split(replace(decode(VERSION_2.encode()), subjects=tuple(f"{i:022}" for i in range(3_000))))
    assert [part.v for part in parts] == [2, 2]


@pytest.mark.parametrize("change", [{"v": 2}, {"v": 3}, {"v": 1}, {"v": 6}, {"v": True}, {"v": 5.0}])
def test_a_record_is_of_a_version_that_has_its_fields(change: dict[str, object]) -> None:
    with pytest.raises(RecordInvalid):
        replace(RECORD, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("line\nfeed", r"line\nfeed"),
        ("\x1b[31mred", r"\u001b[31mred"),
        ("del\x7f", r"del\u007f"),
        ("next\x85line", r"next\u0085line"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066iso\u2069", r"\u2066iso\u2069"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ufeffbom", r"\ufeffbom"),
        ("tag\U000e0041", r"tag\udb40\udc41"),
        ("lone\ud800", r"lone\ud800"),
        ('"},{"kind":"query', r"\"},{\"kind\":\"query"),
        ("back\\slash", r"back\\slash"),
        ("巡查 é 😀", "巡查 é 😀"),
    ],
)
def test_what_disturbs_is_escaped_and_comes_back(text: str, written: str) -> None:
    record = replace(RECORD, operation_name=text, variables={text: text})
    body = encode(record)
    assert f'"operation_name":"{written}"' in body.decode()
    assert f'"variables":{{"{written}":"{written}"}}' in body.decode()
    assert decode(body) == record


BODY = encode(RECORD).decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 20_000,
        BODY[:-1],
        BODY + "\n",
        BODY.replace('"v":5', '"v":6'),
        BODY.replace('"v":5', '"v":2'),
        BODY.replace('"v":5', '"v":true'),
        BODY.replace('"v":5', '"v":5.0'),
        BODY.replace('"v":5,', ""),
        BODY.replace('"v":5', '"v":5,"w":1'),
        BODY.replace('"catalogue_version":"c1",', ""),
        BODY.replace('"catalogue_version":"c1"', '"catalogue_version":1'),
        VERSION_2.replace('"v":2', '"v":3'),
        BODY.replace('"nodes":2', '"nodes":-2'),
        BODY.replace('"nodes":2', '"nodes":2.0'),
        BODY.replace('"nodes":2', '"nodes":true'),
        BODY.replace('"nodes":2', '"nodes":' + "9" * 5_000),
        BODY.replace('"nodes":2', '"nodes":1,"nodes":2'),
        BODY.replace('"nodes":2', '"nodes": 2'),
        BODY.replace('"kind":"query"', '"kind":null'),
        BODY.replace('"kind":"query"', '"kind":"look"'),
        BODY.replace('"region":"14/03/21/",', ""),
        BODY.replace('"kind":"query"', '"kind":"quer\\u0079"'),
        BODY.replace('["s1","s2"]', '"s1"'),
        BODY.replace('["s1","s2"]', "[1]"),
        BODY.replace('{"$grid":"code"}', '{"$grid":1}'),
        BODY.replace('{"$grid":"code"}', "[]"),
        BODY.replace('"masked":[],', ""),
        BODY.replace('"salt":"00', '"salt":"'),
        BODY.replace("08:00:00.000Z", "08:00:00Z"),
        BODY.replace("巡查", "\\u5de1\\u67e5"),
        BODY.replace('"case":null,', "").replace('{"application"', '{"case":null,"application"'),
        BODY + " " * MAX_BYTES,
    ],
)
def test_bytes_that_encode_does_not_make_are_refused(body: str) -> None:
    with pytest.raises(RecordInvalid):
        decode(body.encode())
    with pytest.raises(RecordInvalid):
        check(body.encode())


def test_a_check_tells_the_time_of_what_would_be_decoded() -> None:
    assert check(encode(RECORD)) == decode(encode(RECORD)).time == RECORD.time


@pytest.mark.parametrize(
    ("version", "why"),
    [("1", "older version"), ("0", "unknown"), ("6", "unknown"), ("true", "unknown"), ("null", "unknown")],
)
def test_the_version_is_told_before_anything_else(version: str, why: str) -> None:
    body = BODY.replace('"region":"14/03/21/",', "").replace('"v":5', f'"v":{version}')
    with pytest.raises(RecordInvalid, match=why):
        decode(body.encode())


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(RecordInvalid):
        decode(BODY.encode("gbk"))


@pytest.mark.parametrize(
    "change",
    [
        {"time": "2026-11-22T08:00:00.000+08:00"},
        {"time": "2026-11-22 08:00:00.000Z"},
        {"time": "yesterday"},
        {"salt": ""},
        {"salt": "zz" * 16},
        {"nodes": -1},
        {"duration_us": 2**63},
        {"http_status": True},
        {"kind": "look"},
    ],
)
def test_a_record_out_of_form_is_refused_without_its_value(change: dict[str, object]) -> None:
    with pytest.raises(RecordInvalid) as raised:
        replace(RECORD, **change)  # type: ignore[arg-type]
    assert str(next(iter(change.values()))) not in str(raised.value) or change == {"salt": ""}


def test_defaults_are_a_time_and_a_fresh_salt() -> None:
    one, other = (Record(kind="query", request_id="r", result="OK", http_status=200) for _ in range(2))
    assert one.salt != other.salt
    assert decode(encode(one)) == one


def test_variables_cannot_be_changed_afterwards() -> None:
    given = {"$a": "x"}
    record = replace(RECORD, variables=given)
    given["$a"] = "y"
    assert record.variables == {"$a": "x"}


HUGE = 200_000


@pytest.mark.parametrize(
    "change",
    [
        {"operation_name": "n" * HUGE},
        {"purpose": "\x00" * HUGE},
        {"region": "k" * HUGE, "request_id": "r" * HUGE, "result": "c" * HUGE},
        {"variables": {f"$v{i}": "x" * 22 for i in range(10_000)}},
        {"variables": {"$v": "x" * HUGE}},
        {"decision": Coordinates(clear=tuple(f"Person.f{i}" for i in range(10_000)))},
        {"subjects": ("s" * HUGE,)},
    ],
    ids="-".join,
)
def test_a_part_too_large_stands_by_digest_and_length(change: dict[str, object]) -> None:
    record = replace(RECORD, **change)  # type: ignore[arg-type]
    parts = split(record)
    assert all(len(encode(part)) <= MAX_BYTES for part in parts)
    assert tuple(encode(part) for part in parts) == pack(record)
    assert any("#sha256:" in encode(part).decode() for part in parts)
    assert split(parts[0]) == (parts[0],)


def test_parts_that_all_just_fit_leave_room_for_subjects() -> None:
    nearly = tuple(f"P.f{i:03}" for i in range(800))
    zeros = "\x00" * 42
    record = replace(
        RECORD,
        request_id=zeros,
        result=zeros,
        application=zeros,
        purpose=zeros,
        case=zeros,
        decision=Coordinates(clear=nearly, masked=nearly, aggregated=nearly, matched=nearly, denied=nearly),
        variables={"$v": "\u2028" * 1_300},
        subjects=tuple(f"{i:022}" for i in range(3_000)),
    )
    whole, *rest = split(record)
    assert (whole.decision, whole.variables) == (record.decision, record.variables)
    assert len(whole.subjects) > 100
    assert sum(len(part.subjects) for part in (whole, *rest)) == 3_000
    assert all(len(encode(part)) <= MAX_BYTES for part in (whole, *rest))


def test_what_fits_is_not_touched() -> None:
    assert split(RECORD) == (RECORD,)
    assert pack(RECORD) == (encode(RECORD),)


@pytest.mark.parametrize(("subjects", "parts"), [(0, 1), (2_500, 1), (2_700, 2), (10_000, 4)])
def test_subjects_that_do_not_fit_follow_in_continuations(subjects: int, parts: int) -> None:
    record = replace(RECORD, subjects=tuple(f"{i:022}" for i in range(subjects)))
    whole, *rest = split(record)
    assert 1 + len(rest) == parts
    assert whole.subjects + tuple(s for part in rest for s in part.subjects) == record.subjects
    assert {(part.kind, part.request_id) for part in rest} <= {("continuation", "r-1")}
    assert len({part.salt for part in (whole, *rest)}) == parts


def test_an_unsplit_record_too_large_does_not_encode() -> None:
    with pytest.raises(RecordInvalid):
        encode(replace(RECORD, subjects=tuple(f"{i:022}" for i in range(3_000))))


def test_a_digest_depends_on_key_kind_and_value() -> None:
    one = Digester(b"k" * 32)
    digests = {
        one.digest("phone", "13800000000"),
        one.digest("phone", "13800000001"),
        one.digest("name", "13800000000"),
        one.digest("phon", "e13800000000"),
        Digester(b"l" * 32).digest("phone", "13800000000"),
    }
    assert len(digests) == 5
    assert all(len(digest) == 22 for digest in digests)
    assert one.digest("phone", "13800000000") == Digester(b"k" * 32).digest("phone", "13800000000")


def test_a_digester_shows_no_key_and_takes_no_short_one() -> None:
    assert "secret" not in repr(Digester(b"secret" * 6))
    with pytest.raises(ValueError, match="shorter than 16"):
        Digester(b"short")


def test_the_body_is_plain_json_for_other_readers() -> None:
    assert json.loads(encode(RECORD))["operation_name"] == "巡查"
