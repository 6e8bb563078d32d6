"""What a refusal says about asking for access: which own purposes would do, who owns the data, how long it takes.

It speaks only of grants of the application that asks, and of nothing that depends on data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import Code, HubError
from hub.request.plan_model import Denial
from policies.decide import purposes_that_would, purposes_that_would_tell
from policies.model import Decision, PolicySet
from schema.catalogue import Catalogue

EXPECTED_WORKING_DAYS = 10
"""The working days within which the owner of conditionally shared data answers a request."""


@dataclass(frozen=True, slots=True)
class DenialErrors:
    """The errors of one request for denied selections and suppressed cells."""

    catalogue: Catalogue
    policy: PolicySet
    decision: Decision

    def denied(self, denial: Denial) -> HubError:
        """FIELD_DENIED for one denied selection."""
        if denial.accesses:
            return self._accesses_denied(denial)
        return HubError(
            Code.FIELD_DENIED,
            f"{denial.coordinate} is not open to the purpose {self.decision.purpose}",
            path=denial.path,
            access=self.how_to_ask(denial.coordinate),
        )

    def _accesses_denied(self, denial: Denial) -> HubError:
        subject, entity = self.decision.subject, denial.coordinate
        would = purposes_that_would_tell(self.catalogue, self.policy, subject, entity, self.decision.today)
        access = self.how_to_ask(entity) | {
            "purposesThatWould": [each for each in would if each != self.decision.purpose]
        }
        text = f"the list of accesses to the data of a {entity} is not open to the purpose {self.decision.purpose}"
        return HubError(Code.FIELD_DENIED, text, path=denial.path, access=access)

    def suppressed(self, root: str) -> HubError:
        """SUPPRESSED for an aggregate with withheld cells; the text is the same, whatever the reason."""
        text = "cells about too few people, or mostly about one, are null; group by coarser buckets"
        return HubError(Code.SUPPRESSED, text, path=(root,))

    def how_to_ask(self, coordinate: str) -> dict[str, Any]:
        """This application's purposes that would open it, the owner of the data, and how long an answer may take."""
        subject, today = self.decision.subject, self.decision.today
        would = purposes_that_would(self.catalogue, self.policy, subject, coordinate, today)
        return {
            "coordinate": coordinate,
            "purposesThatWould": [each for each in would if each != self.decision.purpose],
            "owner": self.policy.owners.get(coordinate.partition(".")[0]),
            "expectedWorkingDays": EXPECTED_WORKING_DAYS,
        }
