"""The demo's comparison of its graph with the manifest: what is as planted passes, each other count is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hub.demo.manifest import Counts, differences, expected_answers, expected_counts
from hub.sample.generate import SampleSummary, generate

pytestmark = pytest.mark.unit

PEOPLE = 300
Found = dict[str, Counts]


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    folder: Path = tmp_path_factory.mktemp("manifest") / "county"
    return generate(folder, PEOPLE, 7, whole=True)


def test_all_fourteen_tables_are_compared(summary: SampleSummary) -> None:
    expected = expected_counts(summary)
    assert len(expected) == 14
    assert expected["register"] == Counts(PEOPLE, 9, 0)
    # Of the migrants four kinds are refused and one waits; of the alarms three are refused, and fifteen are in.
    assert expected["migrants"] == Counts(summary.sources["migrants"].good, 4, 1)
    assert expected["alarms"] == Counts(12 + 3, 3, 1)
    assert expected["tickets"].waiting == summary.facts["reporters_not_in_register"]


def test_the_answers_to_all_events_are_compared(summary: SampleSummary) -> None:
    assert sum(expected_answers(summary).values()) == summary.sources["alarms"].rows


def test_an_earlier_version_in_the_batch_of_a_later_one_counts_as_taken(summary: SampleSummary) -> None:
    answers = expected_answers(summary)
    answers |= {"stored": answers.pop("stored or outdated") - 4, "outdated": 4}
    assert list(differences(summary, expected_counts(summary), answers)) == []
    answers["outdated"] -= 1
    assert len(list(differences(summary, expected_counts(summary), answers))) == 1


def test_a_county_that_is_wholly_in_differs_in_nothing(summary: SampleSummary) -> None:
    assert list(differences(summary, expected_counts(summary), expected_answers(summary))) == []


@pytest.mark.parametrize("table", ["regions", "occupancy", "visits", "alarms"])
@pytest.mark.parametrize(
    "change",
    [
        lambda counts: replace(counts, records=counts.records - 1),
        lambda counts: replace(counts, refused=counts.refused + 1),
        lambda counts: replace(counts, waiting=counts.waiting + 1),
    ],
    ids=["a record less", "a refused row more", "an edge more that waits"],
)
def test_each_other_count_is_told(summary: SampleSummary, table: str, change: Callable[[Counts], Counts]) -> None:
    found: Found = expected_counts(summary)
    found[table] = change(found[table])
    (line,) = differences(summary, found, expected_answers(summary))
    assert line.startswith(f"{table}: ")


def test_a_table_of_which_nothing_is_there_is_told(summary: SampleSummary) -> None:
    found = expected_counts(summary)
    del found["parts"]
    assert list(differences(summary, found, expected_answers(summary))) == [
        f"parts: 0 records, 0 refused, 0 waiting, but summary.json says: {summary.sources['parts'].good} records, "
        "4 refused, 0 waiting"
    ]


@pytest.mark.parametrize("status", ["stored or outdated", "invalid", "reused"])
def test_another_number_of_answers_is_told(summary: SampleSummary, status: str) -> None:
    answers = expected_answers(summary)
    answers[status] += 1
    (line,) = differences(summary, expected_counts(summary), answers)
    assert f"events {status}" in line
