"""Which sources are for a purpose that has ended: nothing more is collected from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.base import ConnectorError
from connectors.source_model import Source
from hub.home.policy_in_force import purposes_in_force
from hub.home.settings import Settings
from policies.collecting.endings import ended


class PurposeEnded(ConnectorError):
    """The purpose of a source has ended; nothing was read."""


class SourcesEnded(ConnectorError):
    """Some sources were left out because their purposes have ended, or others for another reason; `left_out` says why.

    All others were pulled.
    """

    def __init__(self, left_out: Sequence[ConnectorError]) -> None:
        super().__init__(", ".join(each.source for each in left_out), left_out[0].problem)
        self.left_out = tuple(left_out)

    def __str__(self) -> str:
        return "\n".join(str(each) for each in self.left_out)


def ended_sources(settings: Settings, sources: Iterable[Source]) -> dict[str, PurposeEnded]:
    """By name, why nothing more is collected from those of the sources whose purpose has ended.

    Without a policy store no purpose has. Raises KeyRefused and PolicyStoreError.
    """
    force = purposes_in_force(settings)
    if force is None:
        return {}
    today, found = settings.now().date(), {}
    for each in sources:
        end = ended(force.by_id, each.collected_for, today)
        if end is not None:
            found[each.name] = PurposeEnded(
                each.name,
                f"{each.collected_for}, for which it is collected, has ended: nothing is collected for it since "
                f"{end.since}, by `{end.purpose.id}` in version {force.number} of the policy. Remove what it brought "
                f"with `sluicegate purge {each.collected_for}`, then the file of the source",
            )
    return found
