"""How a list, a map or a text of a source's file is written, for whoever wrote another of them.

It says what is expected and gives an example; nothing of the file is repeated but the name of a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_LISTS: Mapping[str, str] = {
    "accepts": "accepts: [hotline-desk]",
    "after": "after: [divisions, police]",
    "records": "records: [{name: regions, entity: Region, …}], or each on lines of its own, with a hyphen before it",
    "key": "key: [street, number], or key: number if it is one column",
    "checks": "checks: [{rule: not_before, fields: [closedAt, reportedAt]}]",
    "fields": "fields: [closedAt, reportedAt]",
    "sheets": 'sheets: [一月, 二月], or sheets: "*" for all',
    "unknown": 'unknown: ["1970-01-01", "9999-12-31"]',
    "addresses": "addresses: [10.20.0.0/16]",
}
_MAPS: Mapping[str, str] = {
    "records": "{name: regions, entity: Region, key: code, …}",
    "fields": "fields: {code: 代码, name: {column: 名称, required: true}}",
    "edges": "edges: {parent: {entity: Region, column: 上级代码}}",
    "values": "values: {男: MALE, 女: FEMALE}",
    "checks": "{rule: not_before, fields: [closedAt, reportedAt]}",
    "updated": "updated: {column: updatedAt}, or updated: updatedAt",
    "limits": "limits: {quarantined: 0.2}",
    "drift": "drift: {new: refuse, kind: refuse}",
    "schedule": 'schedule: {every: 6h}, or schedule: {daily: "03:30"}',
    "paging": "paging: {items: items, page: page}",
    "apiKey": "apiKey: {header: X-Api-Key, secret: env:NAME}",
    "oauth": "oauth: {token: https://…, client: NAME, secret: env:NAME}",
}
"""How a list or a map is written, by the key that holds it."""
_FORMS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "tuple_type": ("a list is expected", _LISTS),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type"), ("a map is expected", _MAPS)),
    "string_type": ("one text is expected; put quotes around it if YAML takes it for a number or a day", {}),
}


def form_to_write(fault: str, place: Sequence[str | int]) -> str | None:
    """What is expected at a place, and how it is written; `fault` is pydantic's name of it. None for other faults."""
    if fault not in _FORMS:
        return None
    wanted, forms = _FORMS[fault]
    return f"{wanted}{_written(place, forms)}"


def _written(place: Sequence[str | int], forms: Mapping[str, str]) -> str:
    names = [part for part in place if isinstance(part, str)]
    if forms is _MAPS and names[-2:-1] == ["fields"]:
        return f"; write {names[-1]}: COLUMN, or {names[-1]}: {{column: COLUMN, required: true}}"
    if forms is _MAPS and names[-2:-1] == ["edges"]:
        return f"; write {names[-1]}: {{entity: TYPE, column: COLUMN}}"
    form = forms.get(names[-1]) if names else None
    return f"; write {form}" if form else ""
