"""Each example of the page that drafts loads where it is put, and is of the steward's own data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.console.steward.examples import examples
from policies.language import load, load_files, read_folder
from policies.model import PolicySet
from policies.stewards import Role, Steward
from schema import SPINE
from schema.declarations import Field
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
POLICY = load(COUNTY, SPINE)
FILES = read_folder(COUNTY)


def _ids(policy: PolicySet) -> set[str]:
    return {each.id for each in policy.grants} | {each.id for each in policy.prohibitions}


def steward(*owns: str) -> Steward:
    return Steward("a", "p", roles=(Role.STEWARD,), owns=owns)


@pytest.mark.parametrize("kind", ["grant", "mask", "prohibition"])
@pytest.mark.parametrize("file", ["fire.yaml", "prohibitions.yaml", "purposes.yaml"])
def test_an_example_loads_in_any_file(kind: str, file: str) -> None:
    example = examples(SPINE, POLICY, steward("police", "housing"), "法律")[kind]
    files = {**FILES, file: example.put_into(FILES[file])}
    policy = load_files(files, SPINE)
    assert _ids(policy) - _ids(POLICY) == {f"example-{kind}"}
    assert f"example-{kind}" in example.text


def test_examples_are_of_data_that_the_steward_answers_for() -> None:
    for owner in ("police", "hotline"):
        for example in examples(SPINE, POLICY, steward(owner), "法律").values():
            named = {*example.rule.get("fields", {}), *example.rule.get("prohibit", ())}
            assert {POLICY.owners.get(name.partition(".")[0], owner) for name in named} == {owner}
    mask = examples(SPINE, POLICY, steward("police"), "法律")["mask"].rule["fields"]
    for name, effect in mask.items():
        field = SPINE.coordinate(name)
        assert isinstance(field, Field) and effect["mask"] in field.masks


def test_without_an_application_there_is_none() -> None:
    assert examples(SPINE, replace(POLICY, applications={}), steward("police"), "法律") == {}
