"""The output of `policy history`, `diff`, `replay` and `preview`: tables for stewards, and JSON with all details.

Names in a policy are data: every character that a terminal might act on is written as an escape.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hub.home.zone import show_time
from hub.request.own_access.row_words import predicate_in_words
from hub.steward.compare_decisions import Outcome
from hub.steward.estimate import Estimate
from hub.steward.preview import Preview
from hub.steward.replay import Group, Replay
from hub.terminal import escape_unprintable
from policies.review.changes import Change, Diff, Shown
from policies.versions import Activation, Past, both_times

ESTIMATE = "ESTIMATE, on today's graph, not from the log 估算"


def _cell(text: object) -> Text:
    return Text(escape_unprintable(str(text)))


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(each) for each in row))
    return table


# History.


def version_json(past: Past) -> dict[str, Any]:
    """A version with its approvals and its state."""
    version, activation = past.version, past.activation
    return {
        "number": version.number,
        "hash": version.hash,
        "base": version.base,
        "state": past.state,
        "author": version.author,
        "made": version.made,
        "note": version.note,
        "approvedBy": [approval.account for approval in past.approvals],
        "activatedBy": activation.account if activation else None,
        "starts": activation.starts if activation else None,
    }


def version_line(past: Past, zone: dt.tzinfo) -> str:
    """The same in one line; its time is that of `zone`."""
    version = past.version
    accounts = ", ".join(approval.account for approval in past.approvals)
    approved = f", approved by {accounts}" if accounts else ""
    starts = f", from {show_time(past.activation.starts, zone)}" if past.activation else ""
    line = f"{version.number:>4}  {past.state:<9}  {version.hash}  by {version.author}{approved}{starts}"
    return escape_unprintable(f"{line}  {version.note}".rstrip())


def activation_lines(activation: Activation, standing: Activation, zone: dt.tzinfo) -> list[str]:
    """From when a version is in force, and until then which one; `standing` is the one in force now."""
    if activation.starts <= standing.starts:
        return [f"version {activation.version} is in force from {show_time(activation.starts, zone)}"]
    when = both_times(activation.starts, zone)
    until = f"until then version {standing.version} stays in force"
    if activation.base != standing.version:
        until = f"version {standing.version} is in force now, and version {activation.base} will be before then"
    return [
        f"version {activation.version} comes into force at {when}",
        f"{until}; whatever else is activated before then makes version {activation.version} lapse",
    ]


# Diff.


def effects_in_words(shown: tuple[Shown, ...]) -> str:
    return "; ".join(_effect_in_words(each) for each in shown) or "nothing"


def _effect_in_words(shown: Shown) -> str:
    rows = " or ".join(predicate_in_words(each) for each in shown.rows)
    return shown.effect if rows in {"", "all"} else f"{shown.effect} where {rows}"


def diff_json(found: Diff) -> dict[str, Any]:
    """All changes, with effects and rows in words."""
    return {
        "before": found.before,
        "after": found.after,
        "widens": found.widens,
        "counts": found.counts(),
        "changes": [_change_json(each) for each in found.changes],
        "notes": list(found.notes),
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "application": change.application,
        "purpose": change.purpose,
        "thing": change.thing,
        "kind": change.kind.value,
        "widens": change.kind.widens,
        "before": effects_in_words(change.before),
        "after": effects_in_words(change.after),
        "since": change.since.isoformat(),
    }


def diff_lines(found: Diff) -> RenderableType:
    """Counts first, then the changes, the widening ones first; equal changes of one application share a row."""
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts().items())
    parts: list[RenderableType] = [_cell(f"{found.before} → {found.after}: {counts}")]
    if any(each.kind.value == "changed rows" for each in found.changes):
        parts.append(_cell("changed rows: not proved to be fewer, so they count as widening"))
    shared: dict[tuple[str, ...], list[str]] = {}
    for each in found.changes:
        key = (
            each.kind.value,
            each.application,
            each.purpose,
            effects_in_words(each.before),
            effects_in_words(each.after),
            str(each.since),
        )
        shared.setdefault(key, []).append(each.thing)
    if shared:
        rows = [(key[0], key[1], key[2], ", ".join(things), *key[3:]) for key, things in shared.items()]
        columns = ("change 变化", "application", "purpose", "what", "before", "after", "from")
        parts.append(_table("Decisions that change 授权变化", columns, rows))
    parts += [_cell(f"note: {each}") for each in found.notes]
    parts.append(_cell("something widens" if found.widens else "nothing widens"))
    return Lines(*parts)


# Replay.


def replay_json(found: Replay, estimates: Sequence[Estimate] | None) -> dict[str, Any]:
    """The sums of each application and purpose; estimates apart from them, or null if none were asked for."""
    return {
        "draft": found.draft,
        "current": found.current,
        "since": found.since.isoformat(),
        "on": found.on.isoformat(),
        "operations": found.operations,
        "comparedWith": {"recordedVersion": found.recorded, "inForce": found.in_force},
        "unread": found.unread,
        "personsTimesFields": {outcome.name: found.total(outcome) for outcome in Outcome},
        "groups": [_group_json(each) for each in found.groups],
        "breaks": {name: f"{broken} of {all_}" for name, (broken, all_) in found.refused().items()},
        "estimates": None
        if estimates is None
        else [
            {
                "label": ESTIMATE,
                "application": each.application,
                "purpose": each.purpose,
                "type": each.entity,
                "appear": _count(each, each.appear),
                "vanish": _count(each, each.vanish),
            }
            for each in estimates
        ],
    }


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "application": group.application,
        "purpose": group.purpose,
        "operations": group.operations,
        "changed": group.changed,
        "personsTimesFields": {Outcome(name).name: count for name, count in group.pairs.items()},
        "fields": {Outcome(name).name: list(names) for name, names in group.fields.items()},
        "broken": dict(group.broken),
        "opened": dict(group.opened),
        "beyond": list(group.beyond),
    }


def _count(estimated: Estimate, amount: int | None) -> int | str:
    if estimated.pointed:
        return "not counted: it may point at a person"
    return "fewer than 10" if amount is None else amount


def replay_lines(found: Replay, estimates: Sequence[Estimate] | None) -> RenderableType:
    """What was compared, the sums by application and purpose, what would break or open, and the estimates."""
    versions = f"{found.recorded} with the version that answered them, {found.in_force} with the version in force"
    parts: list[RenderableType] = [
        _cell(f"{found.operations} operations since {found.since:%Y-%m-%d %H:%M}, decided again under {found.draft}"),
        _cell(f"compared: {versions}"),
        _cell("figures are persons × fields 人×字段, an upper bound: the log does not say which row showed what"),
    ]
    if found.unread:
        parts.append(_cell(f"{found.unread} operations had too many coordinates for their records: not replayed"))
    changed = found.changed()
    parts.append(_sums(changed) if changed else _cell("every operation would be answered as before"))
    for name, (broken, all_) in found.refused().items():
        parts.append(_cell(f"{name} would {'stop' if broken == all_ else 'break in part'}: {broken} of {all_} refused"))
    if estimates is not None:
        rows = [
            (each.application, each.purpose, each.entity, _count(each, each.appear), _count(each, each.vanish))
            for each in estimates
        ]
        columns = ("application", "purpose", "type", "rows that appear", "rows that vanish")
        parts.append(_table(ESTIMATE, columns, rows) if rows else _cell(f"{ESTIMATE}: the same rows"))
    return Lines(*parts)


def _sums(groups: Sequence[Group]) -> Table:
    rows = []
    for each in groups:
        would = [f"{name}: {count} ({', '.join(each.fields[name])})" for name, count in each.pairs.items()]
        would += [f"would show {', '.join(each.beyond)} too (persons unknown)"] if each.beyond else []
        breaks = [f"{count}: {why}" for why, count in each.broken.items()]
        opens = [f"{count}: no longer {code}" for code, count in each.opened.items()]
        operations = f"{each.operations}, {each.changed} changed"
        rows.append((each.application, each.purpose, operations, *("\n".join(part) for part in (would, breaks, opens))))
    columns = ("application", "purpose", "operations", "persons × fields", "breaks", "opens")
    return _table("What the draft would have done 回放", columns, rows)


# Preview.


def preview_json(found: Preview) -> dict[str, Any]:
    """The answer, and the decision that it follows from."""
    explanation = found.explanation
    lines = None if explanation is None else [asdict(line) for line in explanation.lines]
    return {"inventedRows": True, "status": found.status, "answer": dict(found.answer), "decision": lines}


def preview_lines(found: Preview) -> RenderableType:
    """The decision, then the answer, then a note that the people are invented."""
    parts: list[RenderableType] = []
    if found.explanation is not None:
        explanation = found.explanation
        rows = [(line.coordinate, line.effect, line.rows) for line in explanation.lines]
        title = f"{explanation.purpose} under {explanation.policy_version}, grants: {', '.join(explanation.grants)}"
        parts.append(_table(escape_unprintable(title), ("what", "effect", "rows"), rows))
    answer = {name: value for name, value in found.answer.items() if name != "extensions"}
    if access := found.answer.get("extensions", {}).get("access"):
        answer["hidden"] = access
    parts.append(Text(json.dumps(answer, ensure_ascii=False, indent=2)))
    parts.append(_cell("invented people 虚构数据; this preview is recorded in the audit log"))
    return Lines(*parts)
