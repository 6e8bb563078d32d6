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
"""What the owner of conditionally shared data may take to answer a request, in working days."""


@dataclass(frozen=True, slots=True)
class DenialErrors:
    """What the asking application may be told about asking."""

    catalogue: Catalogue
    policy: PolicySet
    decision: Decision

    def denied(self, denial: Denial) -> HubError:
        """FIELD_DENIED for one denied selection."""
        if denial.accesses:
            return self._untold(denial)
        return HubError(
            Code.FIELD_DENIED,
            f"{denial.coordinate} is not open to the purpose {self.decision.purpose}",
            path=denial.path,
            access=self.how_to_ask(denial.coordinate),
        )

    def _untold(self, denial: Denial) -> HubError:
        subject, entity = self.decision.subject, denial.coordinate
        would = purposes_that_would_tell(self.catalogue, self.policy, subject, entity, self.decision.today)
        access = self.how_to_ask(entity) | {
            "purposesThatWould": [each for each in would if each != self.decision.purpose]
        }
        text = f"who saw the data of a {entity} may not be asked for the purpose {self.decision.purpose}"
        return HubError(Code.FIELD_DENIED, text, path=denial.path, access=access)

    def suppressed(self, root: str) -> HubError:
        """SUPPRESSED for an aggregate that has cells withheld; the text is the same, whatever they are withheld for."""
        return HubError(Code.SUPPRESSED, "cells about too few people, or mostly about one, are null", path=(root,))

    def how_to_ask(self, coordinate: str) -> dict[str, Any]:
        """Purposes of this application that would do, the department that owns the data, and how long it may take."""
        subject, today = self.decision.subject, self.decision.today
        would = purposes_that_would(self.catalogue, self.policy, subject, coordinate, today)
        return {
            "coordinate": coordinate,
            "purposesThatWould": [each for each in would if each != self.decision.purpose],
            "owner": self.policy.owners.get(coordinate.partition(".")[0]),
            "expectedWorkingDays": EXPECTED_WORKING_DAYS,
        }
