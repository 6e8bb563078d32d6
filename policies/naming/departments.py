"""Reads the names of departments, and holds the rest of a policy to them.

Where a policy has the section `departments`, whatever department it names elsewhere must stand there; without the
section nothing is asked for. No decision depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import Department
from policies.yaml_models import BlockAt, Documents
from schema.strict_yaml import YamlFileError
from schema.yaml_blocks import raise_all


def departments_of(documents: Documents) -> dict[str, Department]:
    """By id: the departments of some policy files.

    Raises one YamlFileError for all that is wrong: a department that stands twice, or is named and missing.
    """
    found: dict[str, Department] = {}
    faults: list[YamlFileError] = []
    for file, document in documents:
        for index, block in enumerate(document.departments):
            if block.id in found:
                at = BlockAt(file, ("departments", index))
                faults.append(at.wrong(f"department {block.id!r} is defined twice; remove or rename one", "id"))
            found.setdefault(block.id, block.department)
    if found:
        faults += [_unknown(at, name, found) for at, name in _named(documents) if name not in found]
    raise_all(faults)
    return found


def _unknown(at: BlockAt, name: str, found: dict[str, Department]) -> YamlFileError:
    known = ", ".join(sorted(found))
    return at.wrong(f"unknown department {name!r}; add it under `departments:` or correct it; known: {known}")


def _named(documents: Documents) -> Iterator[tuple[BlockAt, str]]:
    """Each place of a policy that names a department, with the name."""
    for file, document in documents:
        for index, application in enumerate(document.applications):
            yield BlockAt(file, ("applications", index, "department")), application.department
        for entity, owner in document.owners.items():
            yield BlockAt(file, ("owners", entity)), owner
        for index, grant in enumerate(document.grants):
            for at, name in enumerate(grant.to.department or ()):
                yield BlockAt(file, ("grants", index, "to", "department", at)), name
        for index, steward in enumerate(document.stewards):
            for at, name in enumerate(steward.owns):
                yield BlockAt(file, ("stewards", index, "owns", at)), name
