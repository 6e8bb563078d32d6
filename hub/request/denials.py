"""What a refusal says about asking for access: which own purposes would do, who owns the data, how long it takes.

It speaks only of grants of the application that asks, and of nothing that depends on data. A purpose is named only if
the whole selection is answered under it, so that following the answers never leads in a circle. What one coordinate is
denied for is worked out once, however often it is selected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.errors import Code, HubError
from hub.request.plan_model import Denial
from policies.decide import hidden_target, purposes_of, shows, tells_accesses
from policies.model import Decision, PolicySet
from schema.catalogue import Catalogue

EXPECTED_WORKING_DAYS = 10
"""The working days within which the owner of conditionally shared data answers a request."""


@dataclass(frozen=True, slots=True)
class DenialErrors:
    """The errors of one request for denied selections and suppressed cells.

    `with_case` gives the decision as it would be if the request named a case; `answers` says whether the whole
    selection would be answered, nothing denied, under another purpose of the application.
    """

    catalogue: Catalogue
    policy: PolicySet
    decision: Decision
    with_case: Callable[[], Decision]
    answers: Callable[[str], bool]
    _kept: dict[tuple[str, bool, bool], tuple[str, dict[str, Any]]] = field(default_factory=dict, init=False)
    _would: list[tuple[str, ...]] = field(default_factory=list, init=False)

    def denied(self, denial: Denial) -> HubError:
        """FIELD_DENIED for one denied selection."""
        key = denial.coordinate, denial.accesses, denial.verify
        if key not in self._kept:
            self._kept[key] = self._reason(denial), self._how_to_ask(denial.coordinate)
        text, access = self._kept[key]
        return HubError(Code.FIELD_DENIED, text, path=denial.path, access=access)

    def _reason(self, denial: Denial) -> str:
        coordinate, purpose = denial.coordinate, self.decision.purpose
        what = f"the list of accesses to the data of a {coordinate}" if denial.accesses else coordinate
        what = f"to verify what is said of a {coordinate}" if denial.verify else what
        if _opens(self.catalogue, self.with_case(), denial):
            return f"{what} is open to the purpose {purpose} with a case only: name it in the header Case-Reference"
        if not (denial.accesses or denial.verify) and (named := self._named_in_full(coordinate)):
            return f"{what} is not open to the purpose {purpose}, which finds one that is named in full: {named}"
        missing = self._missing(coordinate)
        if missing != coordinate:
            return f"{what} leads to {missing}, which is not open to the purpose {purpose}"
        return f"{what} is not open to the purpose {purpose}"

    def _named_in_full(self, coordinate: str) -> str:
        """How a match names one node of a type of which nothing is listed; empty if none does, or for a field."""
        if "." in coordinate:
            return ""
        names = self.with_case().of(coordinate).matchable
        case = "" if self.decision.of(coordinate).matchable else ", with a case in the header Case-Reference"
        plural = self.catalogue.entity(coordinate).plural
        return f"{plural}(where: {{{names[0]}: {{eq: …}}}}){case}" if names else ""

    def _missing(self, coordinate: str) -> str:
        """What is not open: the coordinate, or the type that an open edge leads to."""
        name, _, field_name = coordinate.partition(".")
        granted = bool(field_name) and self.decision.of(name).of(field_name).shown
        return (hidden_target(self.catalogue, self.decision, coordinate) if granted else None) or coordinate

    def _how_to_ask(self, coordinate: str) -> dict[str, Any]:
        """This application's purposes that would do, the owner of what is missing, and how long they may take."""
        return {
            "coordinate": coordinate,
            "purposesThatWould": list(self._purposes_that_would()),
            "owner": self.policy.owners.get(self._missing(coordinate).partition(".")[0]),
            "expectedWorkingDays": EXPECTED_WORKING_DAYS,
        }

    def _purposes_that_would(self) -> tuple[str, ...]:
        if not self._would:
            purposes = purposes_of(self.policy, self.decision.subject, self.decision.today)
            self._would.append(tuple(each for each in purposes if each != self.decision.purpose and self.answers(each)))
        return self._would[0]

    def suppressed(self, root: str) -> HubError:
        """SUPPRESSED for an aggregate with withheld cells; the text is the same, whatever the reason."""
        text = "cells about too few people, or mostly about one, are null; group by coarser buckets"
        return HubError(Code.SUPPRESSED, text, path=(root,))


def _opens(catalogue: Catalogue, decision: Decision, denial: Denial) -> bool:
    """Whether a decision opens what was denied."""
    if denial.verify:
        return bool(decision.of(denial.coordinate).verified)
    if denial.accesses:
        return tells_accesses(decision, denial.coordinate)
    return shows(catalogue, decision, denial.coordinate)
