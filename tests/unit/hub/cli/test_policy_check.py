"""`policy check` lists the first warnings of each kind, and every error."""

from __future__ import annotations

import pytest

from hub.cli.policy import _print_findings
from policies.review.check import Finding

pytestmark = pytest.mark.unit

FINDINGS = [
    *(Finding("warning", "nobody", f"catalogue:{i}", f"field {i} is open to nobody") for i in range(6)),
    *(Finding("warning", "reads-hidden", f"a.yaml:{i}", "reads what is hidden") for i in range(5)),
    *(Finding("error", "expect", f"expect.yaml:{i}", "is not so") for i in range(7)),
]


def test_of_many_warnings_of_a_kind_the_first_are_listed_and_the_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _print_findings(FINDINGS, every=False)
    lines = capsys.readouterr().out.splitlines()
    assert [sum(line.endswith(f"[{kind}]") for line in lines) for kind in ("nobody", "reads-hidden", "expect")] == [
        3 + 1,
        5,
        7,
    ]
    assert "warnings: 6 of this kind, 3 of them not listed; see --all [nobody]" in lines
    assert lines[-1] == "7 errors, 11 warnings"


def test_all_are_listed_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _print_findings(FINDINGS, every=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FINDINGS) + 1
    assert not any("not listed" in line for line in lines)
