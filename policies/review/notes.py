"""Tells what differs between two policy versions and changes no decision: names, dates, owners, what an application is.

None of it counts as a widening; the second steward reads it beside the changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.model import Application, Department, PolicySet, Purpose, Rate


def notes(before: PolicySet, after: PolicySet) -> Iterator[str]:
    """What changes without changing a decision: names, dates, owners, and what an application is."""
    for name, old, new in (
        ("purpose", before.purposes, after.purposes),
        ("application", before.applications, after.applications),
        ("department", before.departments, after.departments),
    ):
        yield from (f"{name} {each} is new" for each in sorted(set(new) - set(old)))
        yield from (f"{name} {each} is gone" for each in sorted(set(old) - set(new)))
    for each in sorted(set(before.departments) & set(after.departments)):
        yield from _notes_of_department(before.departments[each], after.departments[each])
    for each in sorted(set(before.applications) & set(after.applications)):
        yield from _notes_of_application(before.applications[each], after.applications[each])
    for each in sorted(set(before.purposes) & set(after.purposes)):
        yield from _notes_of_purpose(before.purposes[each], after.purposes[each])
    valid = {grant.id: grant.valid for grant in before.grants}
    for grant in after.grants:
        old_valid = valid.get(grant.id, grant.valid)
        if old_valid != grant.valid:
            was, will = (f"{v.start or '…'} to {v.end or '…'}" for v in (old_valid, grant.valid))
            yield f"grant {grant.id} valid: {was} → {will}"
    for entity in sorted({*before.owners, *after.owners}):
        if before.owners.get(entity) != after.owners.get(entity):
            yield f"owner of {entity}: {before.owners.get(entity, 'nobody')} → {after.owners.get(entity, 'nobody')}"


def _notes_of_application(before: Application, after: Application) -> Iterator[str]:
    for key in ("department", "role", "level"):
        old, new = (getattr(each, key) for each in (before, after))
        if old != new:
            yield f"application {after.id} {key}: {old or 'none'} → {new or 'none'}"
    for key in ("application", "person"):
        was, will = (_rate_text(getattr(each.limits, key)) for each in (before, after))
        if was != will:
            yield f"application {after.id} limits.{key}: {was} → {will}"


def _rate_text(rate: Rate | None) -> str:
    return "as the hub sets it" if rate is None else f"{rate.rate} a second, {rate.burst} at once"


def _notes_of_department(before: Department, after: Department) -> Iterator[str]:
    """Names and contacts decide nothing, and yet residents and applications turn to who is told here."""
    for key in ("zh", "en", "contact_zh", "contact_en"):
        old, new = (getattr(each, key) for each in (before, after))
        if old != new:
            yield f"department {after.id} {key.replace('_', '.')}: {old or 'none'} → {new or 'none'}"


def _notes_of_purpose(before: Purpose, after: Purpose) -> Iterator[str]:
    for key in ("expires", "purge"):
        old, new = (getattr(each, key) for each in (before, after))
        if old != new:
            was, will = ("never" if each is None else each for each in (old, new))
            yield f"purpose {after.id} {key}: {was} → {will}"
