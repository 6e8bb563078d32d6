"""Reads the sections `collection` and `reuse` of policy files.

Rules of reuse count only where `collection: enforced` stands; without it they refuse the load, so that nobody takes
for enforced what is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.reuse import Collecting, Reuse
from policies.rules import Validity
from policies.yaml_models import BlockAt, Documents, ReuseBlock
from schema.strict_yaml import YamlFileError
from schema.yaml_blocks import raise_all


def collecting_of(documents: Documents, purposes: Mapping[str, object], ids: set[str]) -> Collecting | None:
    """What some policy files say of reuse; None where they do not enforce it. `ids` are those of the other rules.

    Raises one YamlFileError for all that is wrong.
    """
    enforced = any(document.collection for _, document in documents)
    faults: list[YamlFileError] = []
    rules: list[Reuse] = []
    for file, document in documents:
        for index, block in enumerate(document.reuse):
            at = BlockAt(file, ("reuse", index))
            wrong = list(_faults(at, block, purposes, ids | {each.id for each in rules}))
            if not enforced:
                wrong.append(at.wrong("rules of reuse decide nothing by themselves; write `collection: enforced` too"))
            faults += wrong
            rules.append(_reuse(at, block))
    raise_all(faults)
    return Collecting(tuple(rules)) if enforced else None


def _faults(at: BlockAt, block: ReuseBlock, purposes: Mapping[str, object], ids: set[str]) -> Iterator[YamlFileError]:
    if block.id in ids:
        yield at.wrong(f"rule {block.id!r} is defined twice; remove or rename one", "id")
    for key, names in (("collectedFor", block.collected), ("for", block.purposes), ("notFor", block.prohibited)):
        for index, name in enumerate(names):
            if name not in purposes:
                yield at.wrong(f"unknown purpose {name!r}; add it under `purposes:` or correct it", key, index)
    start, end = block.valid.start, block.valid.end
    if start and end and end < start:
        yield at.wrong("`valid` ends before it begins", "valid")


def _reuse(at: BlockAt, block: ReuseBlock) -> Reuse:
    allowed = bool(block.purposes)
    return Reuse(
        block.id,
        frozenset(block.collected),
        frozenset(block.purposes if allowed else block.prohibited),
        allowed,
        block.basis,
        Validity(block.valid.start, block.valid.end),
        at.place,
    )
