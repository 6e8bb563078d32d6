"""The push sources that a hub takes deliveries for, from the folder in its settings.

A fault in any file of the folder stops the start, as it stops a pull: survivorship needs every source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connectors.base import StreamPlan
from connectors.manifest import ManifestError
from connectors.readers.pushed import PushSource
from connectors.sources import NONE, load_sources
from connectors.stream_plans import plan_streams
from hub.home.settings import Settings
from schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class PushSources:
    """The push sources of a folder by name, and the plans of the streams of all sources in it."""

    sources: Mapping[str, PushSource]
    plans: Mapping[str, StreamPlan]

    def check_applications(self, known: Collection[str]) -> None:
        """Raise ManifestError for a source that accepts an application which is not `known`."""
        for source in self.sources.values():
            if unknown := sorted(set(source.accepts) - set(known)):
                raise ManifestError(
                    f"source {source.name}: accepts: {', '.join(unknown)}: no application of the policy version in "
                    f"force; known: {', '.join(sorted(known))}"
                )


def load_push_sources(settings: Settings, catalogue: Catalogue) -> PushSources | None:
    """The push sources of the folder in the settings; None if there are none. Raises ManifestError."""
    if settings.sources is None:
        return None
    if not settings.sources.is_dir():
        raise ManifestError(
            f"{settings.sources} is no folder here; name that of your source files in SLUICEGATE_SOURCES"
        )
    sources = load_sources(settings.sources, catalogue, {}, NONE)
    pushed = {each.name: each for each in sources if isinstance(each, PushSource)}
    return PushSources(pushed, plan_streams(sources, catalogue)) if pushed else None
