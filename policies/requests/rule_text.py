"""Writes the grant that a request asks for in the policy language, and puts a rule into a policy file as text.

What people wrote stands in quotes: whatever it says, it stays one text (JSON strings are YAML strings, YAML 1.2.2,
section 1.3). A file is only added to where reading it again gives all that was in it, and that one rule beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.requests.model import AGGREGATE, ANSWER, CLEAR, MATCH, AccessRequest
from policies.versions import ChangeRefused
from schema.catalogue import Answer, Catalogue
from schema.strict_yaml import YamlFile

OWN_FILE: Final = "requests.yaml"
"""The policy file for rules that were asked for, made where there is none."""
LONGEST_RULE: Final = 20_000
_HEAD = re.compile(r"grants:[ \t]*(#[^\n]*)?\n")


def rule_of(request: AccessRequest, catalogue: Catalogue) -> str:
    """A policy file with the one grant that is asked for.

    It is for the rows of the application's own jurisdiction. Where a type has no region it names no row, which does
    not load: which rows, the steward has to say.
    """
    return "\n".join(("grants:", *_lines(request, catalogue), ""))


def _lines(request: AccessRequest, catalogue: Catalogue) -> Iterator[str]:
    shown = {name: wanted for name, wanted in request.fields.items() if wanted != MATCH}
    matched = [name for name, wanted in request.fields.items() if wanted == MATCH]
    yield f"  # Access request {request.id} of {request.asked[:10]}"
    yield f"  - id: {request.grant}"
    yield f"    to: {{application: [{_quoted(request.application)}]}}"
    yield f"    for: [{_quoted(request.purpose)}]"
    yield f"    basis: {_quoted(request.basis)}"
    yield f"    valid: {{to: {request.until}}}"
    yield "    rows:"
    yield from (f"      {entity}: {_rows(entity, catalogue)}" for entity in request.types)
    if shown:
        yield "    fields:"
        yield from (f"      {name}: {_effect(name, wanted, catalogue)}" for name, wanted in shown.items())
    if matched:
        yield f"    match: [{', '.join(matched)}]"
        yield "    obligations: {matchDailyCap: {limit: 50, per: person}}"


def _effect(name: str, wanted: str, catalogue: Catalogue) -> str:
    if wanted == ANSWER:
        answer = catalogue.coordinate(name)
        asked = isinstance(answer, Answer) and answer.argument is not None
        return "{answer: [$subject.jurisdiction]}" if asked else ANSWER
    return wanted if wanted in {CLEAR, AGGREGATE} else f"{{mask: {_quoted(wanted)}}}"


def _rows(entity: str, catalogue: Catalogue) -> str:
    located = entity in catalogue and any(each.name == "region" for each in catalogue.entity(entity).fields)
    return "{region: {startsWith: $subject.jurisdiction}}" if located else "{}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def check_rule(request: AccessRequest, text: str) -> None:
    """Raises ChangeRefused unless a text is one grant, of this request, to its application, for its purpose.

    YamlFileError if it is no YAML file.
    """
    if len(text) > LONGEST_RULE or not (_HEAD.search(text)):
        raise ChangeRefused(f"write one rule under `grants:`, in at most {LONGEST_RULE} signs")
    content = YamlFile("rule", text.encode()).content
    grants = content.get("grants")
    if content.keys() != {"grants"} or not isinstance(grants, list) or len(grants) != 1:
        raise ChangeRefused("write one rule under `grants:`, and nothing else")
    grant = grants[0] if isinstance(grants[0], dict) else {}
    kept = {"id": request.grant, "to": {"application": [request.application]}, "for": [request.purpose]}
    for key, value in kept.items():
        if grant.get(key) != value:
            raise ChangeRefused(f"leave `{key}` as it was asked for; for another, draft a rule of its own")


def files_for(files: Mapping[str, bytes], text: str, request: AccessRequest) -> Mapping[str, bytes]:
    """By name: what each file with grants would be with the rule at its end, if it can stand there; and a new file."""
    added = {name: after for name, content in files.items() if (after := _with_rule(name, content, text)) is not None}
    if OWN_FILE not in added:
        name = OWN_FILE if OWN_FILE not in files else f"requests-{request.id}.yaml"
        added[name] = text.encode()
    return dict(sorted(added.items(), key=lambda each: (not each[0].startswith("requests"), each[0])))


def _with_rule(name: str, content: bytes, text: str) -> bytes | None:
    """A file with the rule at its end; None where reading that does not give what was there and the rule."""
    before, rule = YamlFile(name, content).content, YamlFile(name, text.encode()).content["grants"]
    if "grants" not in before:
        return None
    wanted: dict[str, Any] = {**before, "grants": [*before["grants"], *rule]}
    items = text[match.end() :] if (match := _HEAD.search(text)) else text
    for each in (items, re.sub("(?m)^  ", "", items)):
        after = f"{content.decode().rstrip()}\n\n{each}".encode()
        try:
            if YamlFile(name, after).content == wanted:
                return after
        except ValueError:
            continue
    return None
