"""Slices: the spine is what it was, others are composed with it, and what is wrong is told with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import print_schema

from schema import SPINE
from schema.catalogue import Catalogue
from schema.graphql import build
from schema.outline import canonical
from schema.slices import SPINE_FILES, SPINE_FOLDER, compose, read_slices, read_spine
from schema.strict_yaml import YamlFileError
from tests.support.project import ROOT
from tests.support.sources.slices import HEALTH, composed

pytestmark = pytest.mark.unit

LINES = {text.strip(): number for number, text in enumerate(HEALTH.splitlines(), 1)}


def line_of(text: str) -> int:
    """The line of the slice that begins so."""
    return next(number for line, number in LINES.items() if line.startswith(text))


def with_health(tmp_path: Path, text: str = HEALTH, **others: str) -> Catalogue:
    files = {"health.yaml": text, **{f"{name}.yaml": content for name, content in others.items()}}
    return composed(tmp_path / "slices", files).catalogue


# The spine.


def test_every_file_of_the_spine_is_read() -> None:
    assert sorted(path.name for path in SPINE_FOLDER.iterdir()) == sorted(f"{name}.yaml" for name in SPINE_FILES)


def test_fields_that_could_be_widened_by_mistake_are_as_they_were() -> None:
    marked = {name: each for name, each in SPINE.coordinates() if {"sensitive", "kind:id_number"} & each.tags}
    assert sorted(marked) == ["Person.address", "Person.idNumber"]
    assert [each.name for each in SPINE if not each.extensible] == ["Region"]


# A slice beside it.


def test_a_slice_adds_types_edges_and_fields(tmp_path: Path) -> None:
    made = with_health(tmp_path)
    added = {name for name, _ in made.coordinates()} - {name for name, _ in SPINE.coordinates()}
    assert added == {
        *(f"Clinic.{name}" for name in ("code", "name", "level", "phone", "region", "patients", "provenance")),
        *("Person.clinics", "Dwelling.heating"),
    }
    assert {name for name, _ in SPINE.coordinates()} <= {name for name, _ in made.coordinates()}
    assert made.entity("Clinic").subjects == (("patients",),)
    api = print_schema(build(made))
    assert {"ClinicWhere", "ClinicLevel", "DwellingHeating"} <= set(re.findall(r"(?:input|enum) (\w+)", api))
    assert "clinicsAggregate(" in api


def test_the_example_of_the_reference_page_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(slice: .*?)```", (ROOT / "docs" / "slices.md").read_text("utf-8"), re.DOTALL)
    assert "Dwelling.heating" in dict(with_health(tmp_path, example).coordinates())


# The version.


def test_the_version_depends_on_what_is_declared_and_not_on_files(tmp_path: Path) -> None:
    other = "slice: trees\nextends:\n  Dwelling:\n    fields:\n      garden: {type: Boolean, zh: 庭院, en: Garden, " + (
        "kind: status, grade: general-2}\n"
    )
    one = composed(tmp_path / "a", {"a.yaml": HEALTH, "b.yaml": other}).catalogue
    two = composed(tmp_path / "b", {"a.yaml": other, "b.yaml": HEALTH}).catalogue
    assert one.version == two.version
    assert re.fullmatch("[0-9a-f]{64}", one.version)
    assert compose(tuple(reversed(read_spine()))).catalogue.version == SPINE.version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("机构名称", "机构的名称"),
        ("general-3", "general-4"),
        ('[redact, "partial(0,4)"]', '["partial(0,4)", redact]'),
        ("many: true, zh: 签约机构", "many: false, zh: 签约机构"),
        ("extensible: true", "extensible: false"),
        ("[GAS, COAL]", "[COAL, GAS]"),
    ],
)
def test_each_change_of_a_declaration_is_another_version(tmp_path: Path, old: str, new: str) -> None:
    changed = with_health(tmp_path / "b", HEALTH.replace(old, new, 1))
    assert changed.version != with_health(tmp_path / "a").version


def test_the_outline_is_plain_json() -> None:
    assert b'"LIVES_IN"' in canonical(SPINE.outline)
    assert SPINE.outline["entities"]["Person"]["subjects"] == []
    assert SPINE.outline["entities"]["Region"]["subjects"] is None


# What is refused, with file and line.

PHONE = 'masks: [redact, "partial(0,4)"]'
CLINIC = "  Clinic:\n"
FAULTS = {
    # What a change of the text is: (old, new, the line that is named, what is said).
    "an unknown key": ("    plural:", "    plurals:", "plural:", "entities.Clinic.plurals: unknown key"),
    "a key of a field": ("        kind: phone", "        kinds: phone", "kind: phone", "the nearest is kind"),
    "a word that is missing": ("    subjects: [patients]\n", "", "Clinic:", "entities.Clinic.subjects: this key"),
    "an empty list": ("[patients]", "[]", "subjects:", "nothing stands here"),
    "a type that there is not": ("type: RegionPath", "type: Region", "type: RegionPath", "write one of 'String'"),
    "a kind": ("kind: phone", "kind: telephone", "kind: phone", "write one of 'name'"),
    "a grade": ("grade: general-3", "grade: secret", "grade: general-3", "write one of 'general-1'"),
    "personal by nature": ("        personal: true\n", "", "phone:", "says whether it is personal"),
    "sensitive but not personal": (
        "personal: true\n        grade", "personal: false\n        sensitive: true\n        grade", "grade: general-3",
        "Clinic.phone: what is `sensitive`",
    ),
    "a rung twice": (PHONE, "masks: [redact, redact]", "masks: [redact, \"p", "redact stands twice"),
    "a rung that is no mask": (PHONE, 'masks: ["partial(3"]', "masks: [redact, \"p", "'partial(3' is not a mask"),
    "a value twice": ("HOSPITAL]", "STATION]", "values: [STATION", "Clinic.level: STATION stands twice"),
    "a value that is no name": ("HOSPITAL]", "1A]", "values: [STATION", "'1A' is not a plain name"),
    "values without an enum": ("type: Enum\n        zh: 机", "type: Int\n        zh: 机", "level:", "only an enum"),
    "a bucket's kind": ("{level: value}", "{level: values}", "buckets: {level", "has an unknown kind"),
    "a bucket's level": ("region(STREET)}", "region(ROAD)}", "buckets: {regionStreet", "has an unknown kind or no"),
    "a bucket without level": ("region(STREET)}", "region}", "buckets: {regionStreet", "has an unknown kind or no"),
    "a bucket of another type": ("{level: value}", "{level: age_band}", "buckets: {level", "is for a Date of the kind"),
    "a bucket that hides a field": (
        "{regionStreet: region", "{code: region", "buckets: {regionStreet", "bucket 'code' hides Clinic.code",
    ),
    "a bucket of the hub": ("{regionStreet: region", "{count: region", "buckets: {regionStreet", "hub too; rename"),
    "a place of another name": ("      region:", "      place:", "region:", "a RegionPath is called `region`"),
    "a field of the hub": ("      code: {", "      lot: {", "code: {", "Clinic.lot: the field lot is kept for the hub"),
    "a field of conditions": ("      code: {", "      not: {", "code: {", "the field not is kept for the hub"),
    "the provenance of a type": (
        "      code: {", "      provenance: {", "code: {", "the field provenance is kept for the hub",
    ),
    "an edge called provenance": ("name: clinics", "name: provenance", "from:", "Person.provenance is declared twice"),
    "the type of provenance": (CLINIC, "  Provenance:\n", "Clinic:", "the type Provenance is kept for the hub"),
    "an id": ("      code: {", "      id: {", "code: {", "the field id is kept for the hub"),
    "a surrogate": ("      code: {", "      sid: {", "code: {", "the field sid is kept for the hub"),
    "a name of introspection": ("      code: {", "      __code: {", "code: {", "'__code' is not a plain name"),
    "a homoglyph": ("      code: {", "      cоde: {", "code: {", "is not a plain name"),
    "letters that differ in size alone": ("      code: {", "      Phone: {", "code: {", "'Phone' is not a plain name"),
    "a type of GraphQL": (CLINIC, "  Query:\n", "Clinic:", "the type Query is kept for the hub"),
    "a label of the hub": (CLINIC, "  SourceRecord:\n", "Clinic:", "the type SourceRecord is kept for the hub"),
    "a type that is derived": (CLINIC, "  PersonAggregate:\n", "Clinic:", "Person has a type PersonAggregate too"),
    "a type of an enum": (CLINIC, "  PersonGenderFilter:\n", "Clinic:", "Person.gender has a type PersonGenderFilter"),
    "a type of the spine": (CLINIC, "  Person:\n", "Clinic:", "Person is declared in people.yaml:4 too; keep one"),
    "a plural of the spine": ("plural: clinics", "plural: people", "Clinic:", "Person has a query field people too"),
    "a plural that is the singular": ("plural: clinics", "plural: clinic", "Clinic:", "a query field clinic too"),
    "a root of the hub": ("plural: clinics", "plural: node", "Clinic:", "the query field node is kept for the hub"),
    "people": ("subjects: [patients]", "subjects: self", "subjects:", "people are those of the spine"),
    "a path to nobody": ("subjects: [patients]", "subjects: [nurses]", "subjects:", "unknown edge 'nurses'"),
    "a path to a place": ("[patients]", "[patients.dwellings]", "subjects:", "leads to Dwelling, which is no person"),
    "a path twice": ("[patients]", "[patients, patients]", "subjects:", "patients stands twice; remove one"),
    "an edge to nowhere": ("entity: Person", "entity: Persn", "from:", "did you mean Person?"),
    "an edge's name": ("REGISTERED_AT", "registeredAt", "REGISTERED_AT", "'registeredAt' is not a plain name"),
    "a relationship of the spine": ("REGISTERED_AT", "LIVES_IN", "REGISTERED_AT", "LIVES_IN is declared in people"),
    "a relationship of the hub": ("REGISTERED_AT", "ASSERTS", "REGISTERED_AT", "the hub keeps this relationship"),
    "an end that is a field": ("name: clinics", "name: phone", "from:", "Person.phone is declared twice"),
    "an end that there is": ("name: clinics", "name: dwellings", "from:", "Person.dwellings is declared twice"),
    "an end that is the list of another": (
        "name: clinics", "name: dwellingsList", "from:", "Person.dwellingsList is declared twice",
    ),
    "a field that is the list of an end": (
        "      code: {", "      patientsList: {", "to:", "Clinic.patientsList is declared twice",
    ),
    "the type of a list": (CLINIC, "  PersonList:\n", "Clinic:", "Person has a type PersonList too"),
    "the type of what a list says": (CLINIC, "  ListInfo:\n", "Clinic:", "the type ListInfo is kept for the hub"),
    "a type that takes no fields": ("  Dwelling:", "  Region:", "Dwelling:", "Region takes no fields from other"),
    "an extension of nothing": ("  Dwelling:", "  Dweling:", "Dwelling:", "did you mean Dwelling?"),
    "an extension of its own": ("  Dwelling:", "  Clinic:", "Dwelling:", "is a type of this slice"),
    "a field that there is": ("heating:", "usage:", "heating:", "Dwelling.usage is declared in housing.yaml"),
    "a slice of the spine": ("slice: health", "slice: people", "slice:", "is the name of people.yaml too"),
    "what is said of people": (
        "  Dwelling:\n    fields:\n      heating", "  Person:\n    fields:\n      smoking", "heating:",
        "Person.smoking: what is said of people is `personal: true`",
    ),
    "an edge of people": ("it}\n    personal: true", "it}", "REGISTERED_AT:", "an edge of Person tells about people"),
    "a sign that nobody sees": ("zh: 机构等级", 'zh: "机构\\u202E等级"', "zh: 机构等级", "a sign that nobody sees"),
    "a case": ("extends:", "case: {entity: Clinic, number: code, status: level, open: [STATION], department: name}\n"
               "extends:", "extends:", "the case is that of the spine"),
}  # fmt: skip
NEVER = [
    *("faceImage", "faces", "fingerprintOfThumb", "fingerprints", "irisScan", "irises", "voiceprint", "geneTest"),
    *("genes", "gaitModel", "travelLog", "tracks", "lastTrack", "faceimage", "FACE"),
]


@pytest.mark.parametrize(("old", "new", "at", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, at: str, said: str) -> None:
    assert old in HEALTH
    with pytest.raises(YamlFileError) as refused:
        with_health(tmp_path, HEALTH.replace(old, new, 1))
    told = str(refused.value).splitlines()
    assert [line for line in told if line.startswith(f"health.yaml:{line_of(at)}: ") and said in line], told


def test_a_count_of_what_is_personal_needs_people(tmp_path: Path) -> None:
    text = HEALTH.replace("subjects: [patients]", "subjects: nobody").replace("kind: phone", "kind: free_text")
    text = text.replace(PHONE, "masks: [redact]\n        buckets: {said: words}")
    with pytest.raises(YamlFileError, match=r"Clinic.phone: is personal and has a bucket.*name its `subjects`"):
        with_health(tmp_path, text)


@pytest.mark.parametrize("name", NEVER)
def test_biometrics_and_travel_tracks_are_in_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        YamlFileError, match=rf"health.yaml:{line_of('code:')}: Clinic.{name}: .*(never stored|not a plain name)"
    ):
        with_health(tmp_path, HEALTH.replace("      code: {", f"      {name}: {{", 1))


@pytest.mark.parametrize("word", ["人脸照片", "指纹", "虹膜", "声纹", "基因检测", "步态", "活动轨迹"])
@pytest.mark.parametrize("place", ["机构编码", "社区卫生服务机构", "签约机构", "取暖方式"])
def test_they_are_in_no_chinese_name(tmp_path: Path, word: str, place: str) -> None:
    with pytest.raises(YamlFileError, match=rf"never stored; leave .*{word}"):
        with_health(tmp_path, HEALTH.replace(place, word, 1))


@pytest.mark.parametrize("name", ["general", "surfaceArea", "generation", "interface", "genericName", "registry"])
def test_plain_words_are_names(tmp_path: Path, name: str) -> None:
    made = with_health(tmp_path, HEALTH.replace("      code: {", f"      {name}: {{", 1))
    assert f"Clinic.{name}" in dict(made.coordinates())


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError) as refused:
        with_health(tmp_path, HEALTH.replace("plural:", "plurals:"), other="slice: Other\n")
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == ["health.yaml:4", "other.yaml:1"]


def test_a_slice_that_declares_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match=r"^empty.yaml:1: this slice declares nothing; write `entities:`"):
        with_health(tmp_path, empty="slice: empty\n")


def test_two_slices_may_not_declare_the_same(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError) as refused:
        with_health(tmp_path, second=HEALTH.replace("slice: health", "slice: second"))
    told = str(refused.value)
    for thing in ("Clinic", "Clinic.code", "REGISTERED_AT", "Dwelling.heating"):
        assert f": {thing} is declared in health.yaml:" in told


@pytest.mark.parametrize("name", ["notes.txt", ".hidden.yaml", "health.yml"])
def test_whatever_lies_beside_them_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(YamlFileError, match=re.escape(name)):
        composed(tmp_path / "slices", {"health.yaml": HEALTH, name: "slice: x\n"})


def test_a_folder_without_slices_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(YamlFileError, match="name"):
            read_slices(folder)
