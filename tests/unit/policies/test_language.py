"""A policy that names anything unknown does not load, and the error says file, line and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policies.language import load
from policies.model import Rate, RateLimits
from policies.rules import AGGREGATE, CLEAR, Effect
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit
EXAMPLE = Path(__file__).parents[3] / "examples" / "county" / "policies"

GOOD = """
purposes:
  - {id: safety, zh: 安全, en: Safety}
  - {id: safety.fire, zh: 消防, en: Fire}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/21/}
grants:
  - id: one
    to: {application: [app]}
    for: [safety.fire]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields:
      Person.name: clear
      Person.phone: {mask: "partial(3,4)"}
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_example_loads_and_its_version_is_its_content(tmp_path: Path) -> None:
    policies = load(EXAMPLE, SPINE)
    assert {"fire-inspection", "grid-desk", "welfare-visits", "hotline-insight", "statistics", "own-data"} == set(
        policies.applications
    )
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in EXAMPLE.glob("*.yaml"):
        (copy / path.name).write_bytes(path.read_bytes())
    assert load(copy, SPINE).version == policies.version
    (copy / "fire.yaml").write_bytes((copy / "fire.yaml").read_bytes() + b"\n")
    assert load(copy, SPINE).version != policies.version


def test_a_small_policy_is_read(tmp_path: Path) -> None:
    (grant,) = load(write(tmp_path / "p", GOOD), SPINE).grants
    assert grant.fields == {"Person.name": CLEAR, "Person.phone": Effect("mask", "partial(3,4)")}
    assert (grant.contributors, grant.place) == (10, "p.yaml:8")


def test_limits_are_read_and_need_not_be_there(tmp_path: Path) -> None:
    assert load(write(tmp_path / "p", GOOD), SPINE).applications["app"].limits == RateLimits()
    given = "14/03/21/, limits: {application: {rate: 9, burst: 900}, person: {rate: 9, burst: 900}}}"
    limited = load(write(tmp_path / "q", GOOD.replace("14/03/21/}", given)), SPINE)
    assert limited.applications["app"].limits == RateLimits(Rate(9, 900), Rate(9, 900))


BAD = {
    "unknown section": ("grants:", "grant:", "p.yaml:7: grant: unknown key"),
    "an id that YAML reads as false": ("id: one", "id: no", "p.yaml:8: no: YAML readers disagree on this word"),
    "a number in the notation of YAML 1.1": ("basis: law", "basis: law\n    contributors: 010", "p.yaml:12: 010"),
    "an impossible day": (
        "basis: law",
        "basis: law\n    valid: {to: 2027-02-29}",
        "p.yaml:12: 2027-02-29: there is no",
    ),
    "a mask without its key": (
        "Person.name: clear",
        "Person.name: surname",
        'p.yaml:14: grants.0.fields.Person.name: write clear, aggregate, or a mask such as {mask: "surname"}',
    ),
    "a mask without quotes": ('"partial(3,4)"', "partial(3,4)", 'put quotes around the mask: {mask: "partial(3,4)"}'),
    "two slips at once": ("basis: law", "basis: 5\n    deny: []", "p.yaml:11: grants.0.basis: expected text"),
    "the second of two": ("basis: law", "basis: 5\n    deny: []", "\np.yaml:12: grants.0.deny: unknown key"),
    "a number as text": ("basis: law", "basis: 37", "grants.0.basis: expected text; put quotes around it"),
    "unknown key": ("basis: law", "basis: law\n    deny: [Person.phone]", "deny: unknown key"),
    "unknown field": ("Person.phone", "Person.fone", "p.yaml:15: Person has no field 'fone'"),
    "unknown type": ("rows: {Person", "rows: {Persn", "unknown type 'Persn'"),
    "unknown tag": ("Person.name: clear", "kind:secret: clear", "no field carries it"),
    "unknown application": ("application: [app]", "application: [ap]", "known: app"),
    "unknown purpose": ("for: [safety.fire]", "for: [safety.fires]", "unknown purpose 'safety.fires'"),
    "unknown effect": ("Person.name: clear", "Person.name: open", "p.yaml:14"),
    "unknown placeholder": ("$subject.jurisdiction", "$subject.sub", "unknown placeholder"),
    "unknown department": ("{application: [app]}", "{department: [police]}", "known: fire"),
    "mask off the ladder": ("partial(3,4)", "partial(4,4)", r"redact < partial(0,4) < partial(3,4)"),
    "mask on an edge": ("Person.name: clear", "Person.dwellings: {mask: redact}", "is an edge"),
    "aggregate without a bucket": ("Person.name: clear", "Person.name: aggregate", "no bucket"),
    "rows missing for a type": ("Person.name: clear", "Dwelling.usage: clear", "`rows` says nothing of Dwelling"),
    "rows missing for a tag": ("Person.name: clear", "kind:quantity: clear", "`rows` says nothing of"),
    "two effects in one grant": (
        "Person.name: clear",
        "Person.phone: clear\n      kind:phone: {mask: redact}",
        "p.yaml:1",
    ),
    "nobody named": ("to: {application: [app]}", "to: {}", "names nobody"),
    "no legal basis": ("basis: law", 'basis: ""', "basis"),
    "purpose without parent": ("  - {id: safety, zh: 安全, en: Safety}\n", "", "add 'safety'"),
    "purpose id not plain": ("id: safety.fire,", "id: Safety.Fire,", "dotted lower-case"),
    "match on what identifies nobody": ("basis: law", "basis: law\n    match: [Person.name]", "cannot be matched"),
    "ends before it begins": ("basis: law", "basis: law\n    valid: {from: 2026-02-01, to: 2026-01-01}", "ends before"),
    "threshold of one": ("basis: law", "basis: law\n    contributors: 1", "contributors"),
    "key twice": ("Person.name: clear", "Person.name: clear\n      Person.name: clear", "stands twice"),
    "jurisdiction not a path": ("14/03/21/}", "14/03/2}", "write the codes of the divisions from the widest on"),
    "python object": (
        "basis: law",
        "basis: !!python/object:os.system {}",
        "p.yaml:11: tags such as tag:yaml.org,2002:python/object:os.system are not allowed",
    ),
    "a limit with a key that is not there": (
        "14/03/21/}",
        "14/03/21/, limits: {application: {rate: 9, bursts: 900}}}",
        "p.yaml:6: applications.0.limits.application.bursts: unknown key",
    ),
    "a limit of somebody else": ("14/03/21/}", "14/03/21/, limits: {user: {rate: 9, burst: 900}}}", "limits.user"),
    "half a limit": (
        "14/03/21/}",
        "14/03/21/, limits: {person: {rate: 9}}}",
        "limits.person.burst: this key is missing",
    ),
    "no limit": ("14/03/21/}", "14/03/21/, limits: {}}", "limits: nothing stands here"),
    "a limit of nothing": ("14/03/21/}", "14/03/21/, limits: {person: {rate: 0, burst: 900}}}", "limits.person.rate"),
    "a limit below a request": ("14/03/21/}", "14/03/21/, limits: {person: {rate: 1, burst: 99}}}", "equal to 100"),
    "a person with more than all": (
        "14/03/21/}",
        "14/03/21/, limits: {application: {rate: 9, burst: 900}, person: {rate: 9, burst: 901}}}",
        "limits: of one person neither rate nor burst may be larger than of the application; write at most as much",
    ),
    "alias": ("basis: law", "basis: &x law\n    match: [*x]", "aliases are not allowed"),
    "not YAML": ("grants:", "grants: [", "p.yaml"),
}


@pytest.mark.parametrize(("old", "new", "hint"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, old: str, new: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(YamlFileError, match=re.escape(hint)):
        load(write(tmp_path / "p", GOOD.replace(old, new, 1)), SPINE)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match=r"no \*\.yaml"):
        load(tmp_path, SPINE)


def test_a_type_stands_for_its_fields_and_edges_and_an_aggregate_for_its_buckets(tmp_path: Path) -> None:
    clear = load(
        write(
            tmp_path / "a",
            GOOD.replace("Person.name: clear", "Person: clear", 1).replace(
                '      Person.phone: {mask: "partial(3,4)"}\n', ""
            ),
        ),
        SPINE,
    )
    assert {"Person.name", "Person.dwellings"} < set(clear.grants[0].fields)
    counted = load(write(tmp_path / "b", GOOD.replace("Person.name: clear", "Person: aggregate", 1)), SPINE)
    aggregated = {name for name, effect in counted.grants[0].fields.items() if effect == AGGREGATE}
    assert aggregated == {"Person.gender", "Person.birthDate", "Person.residency", "Person.region"}


def test_a_prohibited_edge_is_prohibited_at_both_ends(tmp_path: Path) -> None:
    text = GOOD + "prohibitions:\n  - {id: stop, prohibit: [Person.dwellings], for: [safety], basis: law}\n"
    (rule,) = load(write(tmp_path / "p", text), SPINE).prohibitions
    assert rule.coordinates == {"Person.dwellings", "Dwelling.residents"}
