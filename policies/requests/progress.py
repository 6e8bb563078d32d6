"""What became of a request: from what the store keeps, the state of the version drafted of it, and the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from policies.model import PolicySet
from policies.requests.model import AccessRequest, Kept
from policies.versions import Past


class State(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    DRAFTED = "drafted"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    ENDED = "ended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


_DONE = {Kept.REFUSED: State.REFUSED, Kept.WITHDRAWN: State.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Standing:
    """What states are read from: every version, the policy in force, and today."""

    versions: Mapping[int, Past]
    policy: PolicySet
    today: dt.date

    def state(self, request: AccessRequest) -> State:
        """Where a request stands: one whose draft can never come into force is in the queue again."""
        if request.state in _DONE:
            return _DONE[request.state]
        found = self._of_draft(request) if request.state is Kept.DRAFTED else None
        if found is not None:
            return found
        return State.LAPSED if self.today > min(request.lapses, request.until) else State.ASKED

    def is_late(self, request: AccessRequest) -> bool:
        """Whether it still waits, and the day by which it was to be answered is over."""
        return self.state(request) is State.ASKED and self.today > request.due

    def _of_draft(self, request: AccessRequest) -> State | None:
        """The state that its version gives it; None if there is no such version, or it leads nowhere any more."""
        past = self.versions.get(request.version)
        match past.state if past else "lapsed":
            case "lapsed":
                return None
            case "scheduled":
                return State.APPROVED
            case "in force":
                return State.ENDED if self._is_over(request) else State.IN_FORCE
            case "past":
                gone = self._is_over(request) or all(each.id != request.grant for each in self.policy.grants)
                return State.ENDED if gone else State.IN_FORCE
        if past is None or not self._is_in_force(past.version.base):
            return None
        return State.APPROVED if past.approvals else State.DRAFTED

    def _is_over(self, request: AccessRequest) -> bool:
        """Whether the last day of its grant is over: that which the rule names, where it is in force."""
        ends = [each.valid.end for each in self.policy.grants if each.id == request.grant]
        end = ends[0] if ends else request.until
        return end is not None and self.today > end

    def _is_in_force(self, number: int | None) -> bool:
        found = None if number is None else self.versions.get(number)
        return found is not None and found.state == "in force"
