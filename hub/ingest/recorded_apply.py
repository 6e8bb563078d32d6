"""Makes the graph fit another catalogue, recorded in the audit log: that it began, and how it ended.

Nothing is changed before the first record is written. The records hold counts and the catalogue's version, and no name
of a type or field.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from audit.record import Record
from hub.graph.apply_catalogue import Applied, Progress, apply_catalogue
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
from schema.catalogue import Catalogue


def recorded_apply(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, removing: bool, progress: Progress
) -> Applied:
    """`apply_catalogue`, recorded; raises what it raises, KeyRefused and AuditUnavailable."""
    digester = digester_of(settings)

    def record(name: str, facts: dict[str, str], result: str = "OK") -> Record:
        return replace(command_record(digester, "admin", name, facts, result), catalogue_version=catalogue.version)

    with closing(open_log(settings)) as log:
        log.append_sync(record("schema apply begin", {"removing": str(removing).lower()}))
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
            log.append_sync(record("schema apply", counts, result))
    return done
