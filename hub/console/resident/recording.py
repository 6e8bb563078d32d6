"""The records of what residents do: who acted is the person, by the digest under which the log names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from audit.record import Digester, Record
from hub.home.audit_log import command_record


def own_record(
    digester: Digester, kind: str, act: str, digests: Sequence[str], facts: Mapping[str, str], result: str = "OK"
) -> Record:
    """The record of an act of the person with these digests; of nobody whom the log could name, without any."""
    person = digests[0] if digests else None
    whose = {"subject": person} if person is not None else {}
    record = command_record(digester, kind, f"console {act}", {**whose, **facts}, result)
    return replace(record, subject=person)
