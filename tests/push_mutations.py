"""Mutations of the defences of deliveries: who may deliver, what came before, what is on record, whose turn it is.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_DELIVER = "tests/push/test_deliver.py"

PUSHES = (
    Mutation(
        "only who is accepted may deliver",
        "hub/push/deliveries.py",
        "if source is None or application not in source.accepts:",
        "if source is None:",
        f"{_DELIVER} -k may_not_deliver",
    ),
    Mutation(
        "a push source says who may deliver",
        "connectors/readers/pushed.py",
        "= Field(min_length=1)\n\n    @model_validator",
        "= ()\n\n    @model_validator",
        "tests/unit/connectors/test_push_sources.py",
    ),
    Mutation(
        "an application that nobody knows stops the start",
        "hub/push/push_sources.py",
        "if unknown := sorted(set(source.accepts) - set(known)):",
        "if unknown := []:",
        "tests/unit/connectors/test_push_sources.py",
    ),
    Mutation(
        "an id is not used for another event later",
        "hub/push/event_write.py",
        'if row["body"] == bodies[row["key"]]',
        "if True",
        f"{_DELIVER} -k used_id",
    ),
    Mutation(
        "an id is not used for another event of one delivery",
        "hub/push/deliveries.py",
        " if known.first[event.key].body == event.body else REUSED",
        "",
        f"{_DELIVER} -k one_id",
    ),
    Mutation(
        "that an event waits is no lasting answer",
        "hub/push/outcomes.py",
        "frozenset({Status.STORED, Status.UNCHANGED, Status.OUTDATED, Status.REFUSED})",
        "frozenset(Status)",
        f"{_DELIVER} -k waits",
    ),
    Mutation(
        "what comes is on record before anything is written",
        "hub/push/endpoint.py",
        "        await hub.log.append(begin_record(trail, hub.digester, source.name, items))\n",
        "        pass\n",
        f"{_DELIVER} -k unrecorded",
    ),
    Mutation(
        "what became of a delivery is on record before it is acknowledged",
        "hub/push/endpoint.py",
        "        except AuditUnavailable:\n            reply = _unrecorded(trail)\n        except Exception as fault:\n"
        '            hub.telemetry.fault("audit", fault)',
        "        except AuditUnavailable:\n            pass\n        except Exception as fault:\n"
        '            hub.telemetry.fault("audit", fault)',
        f"{_DELIVER} -k not_recorded",
    ),
    Mutation(
        "an older version changes nothing",
        "hub/push/outcomes.py",
        "Status.STORED if mine == kept else Status.OUTDATED",
        "Status.STORED",
        "tests/unit/hub/push/test_outcomes.py",
    ),
    Mutation(
        "a pull that meets events waits for its turn",
        "hub/ingest/sink.py",
        "if plan.beside_events:",
        "if False:",
        "tests/push/test_turn.py",
    ),
    Mutation(
        "streams meet events by what follows too",
        "connectors/stream_plans.py",
        "found, added = found | further, bool(further)",
        "found, added = found, False",
        "tests/unit/connectors/test_push_sources.py",
    ),
    Mutation(
        "the turn is kept",
        "hub/ingest/lease.py",
        "SET k.lock = true REMOVE k.lock",
        "REMOVE k.lock",
        "tests/push/test_turn.py",
    ),
)
