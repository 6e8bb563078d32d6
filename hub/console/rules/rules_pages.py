"""The list of the rules in force, and the form of one rule: tried, counted, drafted, copied, taken out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.departments import options_of
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.rules.asked import (
    CHECK,
    CHECK_REMOVAL,
    COUNT,
    LONGEST_NOTE,
    NAMES,
    SHOW,
    Asked,
    asked,
    tried,
)
from hub.console.rules.begun import begun_with, usual_file
from hub.console.rules.choices import Choices
from hub.console.rules.counting import count
from hub.console.rules.drafting import REMOVE, Edit, Start, TriedEdit, draft_edit, edited, start_of, try_edit
from hub.console.rules.form import ON, RuleForm
from hub.console.rules.gaps import Gap, gaps_of
from hub.console.rules.listing import Narrowed, rules_shown, types_of
from hub.console.rules.view import Viewer
from hub.console.sessions.same_site import FIELD
from hub.console.steward.in_words import spoken_in
from hub.console.steward.since import Origins
from hub.console.steward.versions import loaded
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.errors import HubError
from hub.steward.acting import READERS
from hub.steward.estimate import Estimate
from policies.editing.rules import RuleText
from policies.editing.written import EditRefused
from policies.model import PolicySet
from policies.stewards import Role
from policies.versions import ChangeRefused, Conflict
from schema.interface.languages import name_in
from schema.strict_yaml import YamlFileError

RULES: Final = "rules"
RULE: Final = "rules/rule"
DRAFT: Final = "rules/draft"


@dataclass(frozen=True, slots=True)
class Opened:
    """A form with all that it begins with: the version, the rule if there is one, and what may be chosen."""

    asked: Asked
    start: Start
    source: RuleText | None
    choices: Choices
    rule: Mapping[str, Any]
    types: tuple[str, ...]

    @property
    def section(self) -> str:
        """The section that the rule stands in."""
        return self.source.section if self.source else self.asked.section

    @property
    def begun(self) -> Mapping[str, Any]:
        """What the rule said before."""
        return self.source.content if self.source else {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is told above the form: what was wrong, or what the edit would do."""

    problem: str = ""
    gaps: tuple[Gap, ...] = ()
    conflict: str = ""
    tried: TriedEdit | None = None
    counts: tuple[Estimate, ...] | None = None
    uncounted: bool = False


class RulesPages:
    """The pages of the rules of one console; `origins` are shared with the page of a cell."""

    def __init__(self, desk: Desk, origins: Origins) -> None:
        self._desk, self._origins = desk, origins

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        stewards = frozenset({Role.STEWARD})
        return (
            Page(RULES, self.show, frozenset(READERS), "rule_list"),
            Page(RULE, self.edit, stewards),
            Change(DRAFT, self.draft, stewards, tried),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The rules of the version in force, narrowed to what the address names."""
        hub, policy = self._desk.hub, self._desk.hub.policy
        narrowed, earlier = (
            _narrowed(arrival, self._desk),
            asked({"from": arrival.request.query_params.get("from", "")}),
        )
        since = await self._desk.beside(Lane.POLICY, lambda: self._origins.of(hub))
        if earlier.earlier is not None:
            policy = (await self._begin(visitor, earlier))[2].policy
        await self._desk.record_reading(visitor, "rules", {**_given(narrowed), **_facts(earlier)})
        return self._desk.page(
            "rule_list",
            arrival,
            visitor,
            rules=[(each, sorted(types_of(each))) for each in rules_shown(policy, narrowed)],
            since=since,
            spoken=spoken_in(hub, arrival.language),
            choices=_choices(self._desk, arrival.language),
            chosen=_given(narrowed),
            version=policy.version,
            rule=HOME + RULE,
            earlier=earlier.earlier,
            today=hub.now().date(),
        )

    async def edit(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The form of a rule, of a copy of it, or of a new one."""
        query = arrival.request.query_params
        wanted = asked({name: text for name, text in query.items() if name in NAMES})
        start, source, choices = await self._begin(visitor, wanted)
        rule = dict(source.content) if source else begun_with(query, choices, wanted.section)
        if wanted.copy:
            rule["id"] = ""
        if source is None and not wanted.file:
            wanted = replace(wanted, file=usual_file(start, wanted.section, query.get("application", "")))
        types = dict.fromkeys([*choices.types_of(rule), *([] if source else _type_named(query.get("field", "")))])
        await self._desk.record_reading(visitor, "rules rule", {"rule": source.id if source else "", **_facts(wanted)})
        return self._page(arrival, visitor, Opened(wanted, start, source, choices, rule, tuple(types)))

    async def draft(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Try, count or draft what a form says."""
        wanted = asked(form)
        start, source, choices = await self._begin(visitor, wanted)
        if wanted.does == REMOVE and source:
            opened = Opened(wanted, start, source, choices, source.content, tuple(choices.types_of(source.content)))
        else:
            opened = self._read(form, wanted, start, source, choices)
        if wanted.act == SHOW:
            return self._page(arrival, visitor, opened)
        if gaps := _gaps(opened):
            page = self._page(arrival, visitor, opened, Outcome(gaps=gaps))
            page.status_code = 400
            return page
        edit = wanted.edit(start, source, opened.rule)
        try:
            if await self._desk.is_personal(wanted.note):
                raise ChangeRefused(all_words()[arrival.language]["refused_personal"])
            if wanted.act in {CHECK, CHECK_REMOVAL, COUNT}:
                return self._page(arrival, visitor, opened, await self._try(visitor, start, edit, wanted.act))
            made = await self._desk.beside(
                Lane.POLICY, lambda: draft_edit(self._desk.hub, visitor.actor, start, edit, wanted.note)
            )
        except (YamlFileError, EditRefused, ChangeRefused) as refused:
            conflict = refused.diff if isinstance(refused, Conflict) else ""
            page = self._page(arrival, visitor, opened, Outcome(str(refused), conflict=conflict))
            page.status_code = 400
            return page
        return go_to(f"{HOME}versions/version?number={made.number}")

    async def _begin(self, visitor: Visitor, wanted: Asked) -> tuple[Start, RuleText | None, Choices]:
        """Where the edit begins, its rule, and what may be chosen; beside the event loop, for files are read."""
        return await self._desk.beside(Lane.POLICY, lambda: self._begun(visitor, wanted))

    def _begun(self, visitor: Visitor, wanted: Asked) -> tuple[Start, RuleText | None, Choices]:
        hub = self._desk.hub
        start = start_of(hub, wanted.base, wanted.earlier, visitor.actor)
        if start is None:
            raise PageRefused("choice", name="from" if wanted.earlier is not None else "base")
        policy = loaded(hub, start.files)
        return start, wanted.source(start), Choices(hub.catalogue, policy, visitor.steward)

    def _read(
        self, form: Mapping[str, str], wanted: Asked, start: Start, source: RuleText | None, choices: Choices
    ) -> Opened:
        """The rule that a form says; PageRefused for what it does not offer."""
        sent = {name: text for name, text in form.items() if name not in {*NAMES, FIELD, "id"}}
        begun = dict(source.content) if source else {}
        reading = RuleForm(sent, choices, source.section if source else wanted.section)
        types = reading.types(begun)
        rule = reading.rule(begun)
        rule = {"id": source.id if wanted.rule and source else form.get("id", "").strip(), **rule}
        rule["id"] = source.id if wanted.rule and source else form.get("id", "").strip()
        return Opened(wanted, start, source, choices, rule, tuple(types))

    async def _try(self, visitor: Visitor, start: Start, edit: Edit, act: str) -> Outcome:
        hub = self._desk.hub
        tried = await self._desk.beside(Lane.POLICY, lambda: try_edit(hub, start, edit))
        if act != COUNT:
            return Outcome(tried=tried)
        before, after = await self._desk.beside(Lane.POLICY, lambda: self._both(start, edit))
        await self._desk.record_reading(visitor, "rules count", {"rule": edit.name})
        try:
            return Outcome(tried=tried, counts=tuple(await count(hub, before, after, edit.name)))
        except (HubError, TimeoutError):
            return Outcome(tried=tried, uncounted=True)

    def _both(self, start: Start, edit: Edit) -> tuple[PolicySet, PolicySet]:
        hub = self._desk.hub
        return loaded(hub, start.in_force), loaded(hub, edited(hub, start, edit))

    def _page(self, arrival: Arrival, visitor: Visitor, opened: Opened, outcome: Outcome | None = None) -> Response:
        words = all_words()[arrival.language]
        viewer = Viewer(opened.choices, opened.section, words, arrival.language)
        is_new = opened.asked.does != REMOVE and not opened.asked.rule
        begun = opened.begun
        return self._desk.page(
            "rule_form",
            arrival,
            visitor,
            opened=opened,
            view=viewer.view(opened.rule, begun, opened.types),
            outcome=outcome or Outcome(),
            is_new=is_new,
            barred=opened.choices.others(opened.choices.types_of(begun)) if is_new else {},
            files=[name for name in sorted(opened.start.files)],
            list=HOME + RULES,
            send=HOME + DRAFT,
            spoken=spoken_in(self._desk.hub, arrival.language),
            longest=LONGEST_NOTE,
            on=ON,
            acts={"show": SHOW, "check": CHECK, "count": COUNT, "check_removal": CHECK_REMOVAL, "remove": REMOVE},
        )


KINDS: Final = (
    "expectation", "dead", "conflict", "clear-by-tag", "reads-hidden", "shadowed", "nobody", "expired", "purge",
    "jurisdiction", "operation", "join", "sensitive",
)  # fmt: skip
"""The kinds of findings that have words of their own."""


def _gaps(opened: Opened) -> tuple[Gap, ...]:
    """What a form leaves empty; nothing for a rule that goes, or whose common parts its own department keeps."""
    choices = opened.choices
    if opened.asked.does == REMOVE or (opened.source and choices.others(choices.types_of(opened.begun))):
        return ()
    return tuple(gaps_of(opened.rule, opened.section, choices, is_new=not opened.asked.rule))


def _type_named(field: str) -> list[str]:
    """The type of a field or a whole type, if any is named."""
    return [field.partition(".")[0]] if field else []


def _facts(wanted: Asked) -> dict[str, str]:
    """What of an edit stands in the record that somebody read it."""
    return {} if wanted.earlier is None else {"from": str(wanted.earlier)}


def _narrowed(arrival: Arrival, desk: Desk) -> Narrowed:
    """What the address names; PageRefused for a name that there is not."""
    query, policy = arrival.request.query_params, desk.hub.policy
    narrowed = Narrowed(**{each.name: query.get(each.name, "") for each in fields(Narrowed)})
    known: Mapping[str, Collection[str]] = {
        "department": {each.department for each in policy.applications.values()},
        "application": policy.applications,
        "purpose": policy.purposes,
        "type": {each.name for each in desk.hub.catalogue},
    }
    for name, value in _given(narrowed).items():
        if value not in known[name]:
            raise PageRefused("choice", name=name)
    return narrowed


def _choices(desk: Desk, language: str) -> dict[str, list[tuple[str, str]]]:
    """What the list may be narrowed to: each with what is shown of it."""
    policy = desk.hub.policy

    def shown(things: Any, name: str) -> list[tuple[str, str]]:
        words = [(getattr(each, name), name_in(language, each)) for each in things]
        return [(key, f"{text} {key}") for key, text in words]

    return {
        "department": options_of(policy, {each.department for each in policy.applications.values()}, language),
        "application": shown(policy.applications.values(), "id"),
        "purpose": shown(policy.purposes.values(), "id"),
        "type": shown(desk.hub.catalogue, "name"),
    }


def _given(narrowed: Narrowed) -> dict[str, str]:
    return {name: value for name, value in asdict(narrowed).items() if value}
