"""J: a policy cannot be widened by what its author overlooked: a typo, an order, a deletion, a field that is new."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml

from policies.decide import decide
from policies.model import Decision, PolicySet
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.attack_scene import POLICY, Scene
from tests.support.small_graph import TODAY, policy, subject

pytestmark = pytest.mark.attack


def decision(policies: PolicySet, application: str = "desk", purpose: str = "event") -> Decision:
    return decide(SPINE, policies, subject(policies, application), purpose, TODAY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prohibitions:", "prohibition:"),
        ("prohibit: [Person.reports]", "prohibit: [Person.report]"),
        ("prohibit: [Person.reports]", "deny: [Person.reports]"),
        ("for: [safety, stat], basis", "for: [saftey, stat], basis"),
        ("Person.phone: clear", "Person.fone: clear"),
        ("Person.phone: clear", "Person.phone: Clear"),
        ("Person.phone: clear", "Person.phone: true"),
        ("Person.phone: clear", "Person.phone: {mask: none}"),
        ("{mask: surname}", '{mask: "partial(3,4)"}'),
        ("region: {startsWith: $subject.jurisdiction}", "region: {startsWith: $subject.region}"),
        ("region: {startsWith: $subject.jurisdiction}", "regoin: {startsWith: $subject.jurisdiction}"),
        ("region: {startsWith: $subject.jurisdiction}", "region: null"),
        ("application: [desk, next-desk]", "application: [desk, nextdesk]"),
        ("to: {application: [desk, next-desk]}", "to: {}"),
        ("Person: {region: {startsWith: 14/03/21/}}", "Dwelling: {region: {startsWith: 14/03/21/}}"),
        ("match: [Person.idNumber]", "match: [Person.name]"),
        ("contributors: 3", "contributors: 1"),
        ("contributors: 3", "contributors: 0"),
        ("basis: law", "basis: ''"),
    ],
)
def test_j05_a_slip_refuses_the_load(tmp_path: Path, old: str, new: str) -> None:
    assert old in POLICY
    policy(tmp_path / "as-it-is", POLICY)
    with pytest.raises(YamlFileError) as refused:
        policy(tmp_path / "slipped", POLICY.replace(old, new, 1))
    assert "policy.yaml:" in str(refused.value)


def test_j05_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match=r"to\.application: nothing stands here"):
        policy(tmp_path, POLICY.replace("application: [desk, next-desk]", "application: []"))


def test_j06_the_order_of_rules_does_not_matter(tmp_path: Path) -> None:
    content = yaml.safe_load(POLICY)
    content["prohibitions"].append({"id": "p", "prohibit": ["Person.phone"], "for": ["event.call"], "basis": "law"})
    effects = set()
    for index, grants in enumerate(itertools.permutations(content["grants"])):
        content["grants"] = list(grants)
        content["prohibitions"].reverse()
        made = policy(tmp_path / str(index), yaml.safe_dump(content, allow_unicode=True))
        found = decision(made)
        person = found.of("Person")
        effects.add(
            tuple(
                (
                    field,
                    frozenset(person.rows[row] for row in effect.clear),
                    tuple((rung, frozenset(person.rows[row] for row in rows)) for rung, rows in effect.masks),
                )
                for field, effect in sorted(person.fields.items())
            )
        )
    assert len(effects) == 1
    assert not found.of("Person").of("phone").shown
    assert found.of("Person").of("name").clear


def test_j06_the_most_revealing_rung_of_a_cell_wins(scene: Scene, tmp_path: Path) -> None:
    more = POLICY.replace("Person.birthDate: {mask: age_band}", "Person.birthDate: {mask: redact}")
    more = more.replace(
        "      Person.phone: clear\n", "      Person.phone: clear\n      Person.birthDate: {mask: year}\n"
    )
    changed = Scene(scene.address, policy(tmp_path, more))
    document = "{ people { edges { node { name birthDate } } } }"
    shown = [each["node"] for each in changed.desk(document).answer.data["people"]["edges"]]
    own = {each["name"]: each["birthDate"] for each in shown if each["name"] != "祁**"}
    assert own == {"祁鸩仁": "1936", "祁鸩信": "2000"}
    assert [each["birthDate"] for each in shown if each["name"] == "祁**"] == [None, None]


@pytest.mark.parametrize("nested", [40, 2_000])
def test_j13_a_deep_condition_is_decided_or_refused(tmp_path: Path, nested: int) -> None:
    condition = "{not: " * nested + "{region: {startsWith: 14/}}" + "}" * nested
    text = POLICY.replace("Person: {region: {startsWith: 14/03/21/}}", f"Person: {condition}")
    try:
        made = policy(tmp_path, text)
    except YamlFileError:
        assert nested > 40
        return
    assert decision(made).of("Person").visible


def test_j13_many_rules_of_others_change_no_decision(tmp_path: Path) -> None:
    content = yaml.safe_load(POLICY)
    count = next(grant for grant in content["grants"] if grant["id"] == "count")
    content["grants"] += [{**count, "id": f"more-{index}"} for index in range(300)]
    few = decision(policy(tmp_path / "few", POLICY))
    many = decision(policy(tmp_path / "many", yaml.dump(content, Dumper=_Plain, allow_unicode=True)))
    assert many.types == few.types
    assert many.grants == few.grants


class _Plain(yaml.SafeDumper):
    """Writes no anchors: the loader refuses them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def test_j14_a_field_without_a_policy_is_denied(tmp_path: Path) -> None:
    found = decision(policy(tmp_path, POLICY))
    given = {name for grant in policy(tmp_path, POLICY).grants for name in {*grant.fields, *grant.match}}
    for coordinate, _ in SPINE.coordinates():
        entity, _, name = coordinate.partition(".")
        effect = found.of(entity).of(name)
        assert coordinate in given or not (effect.shown or effect.aggregate or effect.match)


def test_j14_a_policy_for_a_field_that_is_gone_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match="removedField"):
        policy(tmp_path, POLICY.replace("Person.phone: clear", "Person.removedField: clear"))
