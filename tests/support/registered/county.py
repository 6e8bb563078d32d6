"""The example policies with registered operations of fire inspection, which is bound to them or not."""

from __future__ import annotations

import json
from collections.abc import Mapping

from policies.language import load_files, read_folder
from policies.model import PolicySet
from policies.operations.registered import document_id
from schema import SPINE
from tests.support.serving import COUNTY

TYPE_NAME = "query TypeName { __typename }\n"
"""Answered without a graph."""
BUILDINGS = "query Buildings($n: Int) { buildings(first: $n) { edges { node { code } } } }"
RESIDENTS = "query Residents($id: String!) { people(where: {idNumber: {eq: $id}}) { edges { node { name phone } } } }"
RENTAL = "safety.fire.rental"
APPLICATION = "  - id: fire-inspection\n"
REVIEWED = {"civil-affairs": "2026-06-01", "hotline": "2026-06-01", "housing": "2026-06-01", "police": "2026-06-02"}


def entry(document: str, purpose: str = RENTAL, application: str = "fire-inspection", **changed: object) -> str:
    """One entry of `operations`, in JSON, which YAML reads too."""
    made = {"id": document_id(document), "application": application, "purpose": purpose, "document": document}
    keys = {**made, "reviewed": REVIEWED, **changed}
    # Days stand without quotes.
    reviewed = ", ".join(f"{name}: {day}" for name, day in dict(keys.pop("reviewed")).items())  # type: ignore[call-overload]
    return (
        f"  - {{{', '.join(f'{name}: {json.dumps(each)}' for name, each in keys.items())}, reviewed: {{{reviewed}}}}}"
    )


def files_with(*entries: str, bound: bool = False, dpop: bool = False) -> Mapping[str, bytes]:
    """The files of the example with these entries."""
    files = dict(read_folder(COUNTY))
    keys = ("    documents: registered\n" if bound else "") + ("    dpop: required\n" if dpop else "")
    registry = files["applications.yaml"].decode().replace(APPLICATION, APPLICATION + keys, 1)
    operations = {"operations.yaml": "\n".join(["operations:", *entries, ""]).encode()} if entries else {}
    return {**files, "applications.yaml": registry.encode(), **operations}


def county_with(*entries: str, bound: bool = False, dpop: bool = False) -> PolicySet:
    """The example policies with these entries."""
    return load_files(files_with(*entries, bound=bound, dpop=dpop), SPINE)
