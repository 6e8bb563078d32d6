"""The lines in which `policy explain --remote` tells what a hub answered: what may be seen, or why.

They hold what the hub told, in its order; what is denied is counted, not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Told = Mapping[str, Any]


def access_lines(told: Told) -> Iterator[str]:
    """What may be seen for each purpose."""
    other = " as another" if told["hypothetical"] else ""
    yield f"{told['application']}{other}, {'with' if told['caseStated'] else 'without'} a case:"
    if not told["purposes"]:
        yield "  no grant is in force for any purpose"
    for purpose in told["purposes"]:
        yield f"{purpose['purpose']} {purpose['title']}"
        yield from _purpose_lines(purpose)


def _purpose_lines(purpose: Told) -> Iterator[str]:
    if purpose["caseRequired"]:
        yield "  nothing without a case: name one with --case"
    if purpose["nodeCap"] is not None:
        yield f"  at most {purpose['nodeCap']} nodes in one answer"
    if purpose["collectedFor"] is not None:
        yield f"  nothing but what was collected for: {', '.join(purpose['collectedFor']) or 'nothing'}"
    for cap in purpose["dailyCaps"]:
        whose = " for each person" if cap["perPerson"] else ""
        left = "" if cap["left"] is None else f", {cap['left']} left today"
        yield f"  {cap['counts']}: {cap['limit']} a day{whose}{left} ({cap['grant']})"
    denied = 0
    for kind in purpose["types"]:
        for each in kind["coordinates"]:
            if each["rows"] or each["needsCase"]:
                yield f"  {each['coordinate']}: {_capabilities(each)}"
                yield from (f"    {row['effect']} on rows where {row['where']}" for row in each["rows"])
            else:
                denied += 1
    yield f"  {denied} other fields and edges are denied"


def _capabilities(each: Told) -> str:
    """The effect of a coordinate, and what may be done with it, in a few words."""
    words = [" ".join((each["effect"], *each["masks"]))]
    words += [name for name in ("filter", "order", "match", "verify") if each[name]]
    words += [f"group by {', '.join(each['groupBy'])}"] if each["groupBy"] else []
    words += ["a case opens more"] if each["needsCase"] else []
    return "; ".join(words)


def why_lines(told: Told) -> Iterator[str]:
    """Why one coordinate is shown, masked or denied, for each purpose."""
    for each in told["why"]:
        yield f"{each['coordinate']} for {told['application']}, {each['purpose']}: {_met(each)}"
        for rule in each["rules"]:
            rows = f" on rows where {rule['where']}" if rule["where"] else ""
            yield f"  {rule['rule']}: {rule['effect']}{rows}"
        if each["missing"] is not None:
            yield f"  {each['missing']}"
            yield f"  other purposes that would show it: {', '.join(each['purposesThatWould']) or 'none'}"
            owner, days = each["owner"] or "none is named", each["expectedWorkingDays"]
            yield f"  owner to ask for a grant: {owner}; it may take {days} working days"


def _met(each: Told) -> str:
    return " ".join((each["effect"], *each["masks"]))


def refusal_lines(answer: Told) -> list[str]:
    """What a hub refused, and the purposes that it names."""
    lines = []
    for each in answer.get("errors") or ():
        extensions = each.get("extensions", {})
        lines.append(f"{extensions.get('code', 'refused')}: {each.get('message', '')}")
        if would := (extensions.get("access") or {}).get("purposesThatWould"):
            lines.append(f"  purposes that may be stated: {', '.join(would)}")
    return lines or ["what answers is no hub"]
