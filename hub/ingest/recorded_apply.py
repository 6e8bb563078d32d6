"""Makes the graph fit another catalogue, recorded in the audit log: that it began, and how it ended.

Nothing is changed before the first record is written. The records hold counts and the catalogue's version, and no name
of a type or field.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from hub.graph.apply_catalogue import Applied, Progress, apply_catalogue
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import begin_record, digester_of, end_record, open_log
from hub.home.settings import Settings
from schema.catalogue import Catalogue


def recorded_apply(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, removing: bool, progress: Progress
) -> Applied:
    """`apply_catalogue`, recorded; raises what it raises, KeyRefused and AuditUnavailable."""
    begun = begin_record(digester_of(settings), "admin", "schema apply", {"removing": str(removing).lower()})
    begun = replace(begun, catalogue_version=catalogue.version)
    with closing(open_log(settings)) as log:
        log.append_sync(begun)
        counts, result = {}, "FAILED"
        try:
            with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
                done = apply_catalogue(writer, catalogue, removing=removing, progress=progress)
            result = "OK"
            counts = {
                "changes": str(len(done.changes)),
                "nodes": str(done.nodes),
                "relationships": str(done.relationships),
            }
        finally:
            log.append_sync(end_record(begun, "schema apply", counts, result))
    return done
