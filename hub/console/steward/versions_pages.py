"""Versions of the policy: their history, what each changes, drafting one as text, approving and putting it in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.steward.editing import marks_of, words_of_policies
from hub.console.steward.examples import Example, examples
from hub.console.steward.in_words import spoken_in
from hub.console.steward.versions import Compared, Tried, changes_of, compared, draft, files_in_force, history, try_out
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.steward.acting import READERS
from hub.steward.changes import Changes
from policies.editing.written import EditRefused
from policies.stewards import Role
from policies.versions import ChangeRefused, Conflict, Past
from schema.strict_yaml import YamlFileError

VERSIONS: Final = "versions"
VERSION: Final = "versions/version"
EDIT: Final = "versions/edit"
TEXT: Final = "file/"
"""What stands before the name of a file in the name of its field."""
LONGEST_NOTE: Final = 500
"""Signs of a note; none of them may be one that nobody sees, or that turns the direction of what follows."""
TRY: Final = "check"
"""What the form of a draft says where it is only to be tried out."""


def tried(form: Mapping[str, str]) -> Mapping[str, str]:
    """The form that tries what this one drafts."""
    return {**form, "act": TRY}


class VersionsPages:
    """The pages of the versions of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        readers, stewards = frozenset(READERS), frozenset({Role.STEWARD})
        return (
            Page(VERSIONS, self.show, readers, "versions"),
            Page(VERSION, self.show_version, readers),
            Page(EDIT, self.edit, stewards),
            Change("versions/draft", self.draft, stewards, tried),
            Change("versions/approve", self.approve, frozenset({Role.APPROVER})),
            Change("versions/activate", self.activate, frozenset({Role.STEWARD, Role.APPROVER})),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """All versions, the newest first."""
        found = await self._desk.beside(Lane.POLICY, lambda: history(self._desk.hub))
        await self._desk.record_reading(visitor, "versions", {})
        current = next((each.version.number for each in found if each.state == "in force"), None)
        yours = [each for each in found if each.version.base == current and _waits_for(each, visitor)]
        content = {"versions": found, "yours": yours, "version": HOME + VERSION, "edit": HOME + EDIT}
        return self._desk.page("versions", arrival, visitor, **content)

    async def show_version(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What a version changes against the one that it was made from, and what is left to do with it."""
        return await self._version(arrival, visitor, _number(arrival.request.query_params.get("number", "")))

    async def edit(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The texts of the version in force, to be changed; `file` says which of them is open."""
        version, files = await self._desk.beside(Lane.POLICY, lambda: files_in_force(self._desk.hub))
        if arrival.request.query_params.get("file", min(files)) not in files:
            raise PageRefused("choice", name="file")
        await self._desk.record_reading(visitor, "versions edit", {"number": str(version.number)})
        texts = {name: content.decode() for name, content in sorted(files.items())}
        return self._form(arrival, visitor, self._with_example(arrival, visitor, texts), str(version.number))

    def _with_example(self, arrival: Arrival, visitor: Visitor, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts, with the example that the address names put into the file that it names."""
        asked = arrival.request.query_params
        if "example" not in asked:
            return texts
        example = self._examples(arrival, visitor).get(asked["example"])
        if example is None or asked.get("file") not in texts:
            raise PageRefused("choice", name="example")
        name = asked["file"]
        try:
            return {**texts, name: example.put_into(texts[name].encode()).decode()}
        except (EditRefused, YamlFileError):
            raise PageRefused("choice", name="example") from None

    def _examples(self, arrival: Arrival, visitor: Visitor) -> Mapping[str, Example]:
        basis = all_words()[arrival.language]["rule_basis_text"]
        return examples(self._desk.hub.catalogue, self._desk.hub.policy, visitor.steward, basis)

    async def draft(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Draft a version with the texts of a form, or say what it would do."""
        hub, base, note = self._desk.hub, _number(form.get("base", "")), form.get("note", "")
        # Browsers send a line's end as \r\n, whatever they were given.
        texts = {
            name.removeprefix(TEXT): text.replace("\r\n", "\n") for name, text in form.items() if name.startswith(TEXT)
        }
        if len(note) > LONGEST_NOTE or not note.isprintable():
            raise PageRefused("note", most=str(LONGEST_NOTE))
        _, files = await self._desk.beside(Lane.POLICY, lambda: files_in_force(hub))
        if not texts or not texts.keys() <= files.keys():
            raise PageRefused("choice", name="file")
        try:
            if await self._desk.is_personal(note):
                raise ChangeRefused(all_words()[arrival.language]["refused_personal"])
            if form.get("act") == TRY:
                tried = await self._desk.beside(Lane.POLICY, lambda: try_out(hub, files, texts))
                return self._form(arrival, visitor, texts, str(base), note, tried=tried)
            made = await self._desk.beside(Lane.POLICY, lambda: draft(hub, visitor.actor, base, texts, note))
        except (YamlFileError, ChangeRefused) as refused:
            page = self._form(arrival, visitor, texts, str(base), note, problem=refused)
            page.status_code = 400
            return page
        return go_to(f"{HOME}{VERSION}?number={made.number}")

    def _form(
        self,
        arrival: Arrival,
        visitor: Visitor,
        texts: Mapping[str, str],
        base: str,
        note: str = "",
        tried: Tried | None = None,
        problem: YamlFileError | ChangeRefused | None = None,
    ) -> Response:
        marks = marks_of(tried, str(problem) if problem else "")
        first = next((each.file for each in marks if each.file in texts), "")
        return self._desk.page(
            "edit",
            arrival,
            visitor,
            texts=texts,
            examples=self._examples(arrival, visitor).values(),
            put=arrival.request.query_params.get("example", ""),
            base=base,
            note=note,
            tried=tried,
            refused=problem is not None,
            marks=marks,
            known=words_of_policies(self._desk.hub.catalogue, self._desk.hub.policy, arrival.language),
            conflict=conflict_of(problem),
            open=arrival.request.query_params.get("file", first),
            field=TEXT,
            try_word=TRY,
            longest=LONGEST_NOTE,
            spoken=spoken_in(self._desk.hub, arrival.language),
        )

    async def approve(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Approve exactly the content whose hash the form names."""
        number, content = _number(form.get("number", "")), form.get("hash", "")
        return await self._act(
            arrival, visitor, number, lambda changes: changes.approve(number, content, visitor.actor)
        )

    async def activate(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Put an approved version in force, now."""
        number = _number(form.get("number", ""))
        return await self._act(arrival, visitor, number, lambda changes: changes.activate(number, visitor.actor, None))

    async def _act(self, arrival: Arrival, visitor: Visitor, number: int, act: Callable[[Changes], object]) -> Response:
        def work() -> None:
            with changes_of(self._desk.hub) as changes:
                act(changes)

        try:
            await self._desk.beside(Lane.POLICY, work)
        except (YamlFileError, ChangeRefused) as refused:
            page = await self._version(arrival, visitor, number, refused)
            page.status_code = 400
            return page
        return go_to(f"{HOME}{VERSION}?number={number}")

    async def _version(
        self,
        arrival: Arrival,
        visitor: Visitor,
        number: int,
        problem: YamlFileError | ChangeRefused | None = None,
    ) -> Response:
        found = await self._desk.beside(Lane.POLICY, lambda: compared(self._desk.hub, number))
        if found is None:
            raise PageRefused("choice", name="number")
        await self._desk.record_reading(visitor, "versions version", {"number": str(number)})
        return self._desk.page(
            "version",
            arrival,
            visitor,
            found=found,
            problem=problem,
            conflict=conflict_of(problem),
            spoken=spoken_in(self._desk.hub, arrival.language),
            request=found.request,
            may_answer=found.request is not None
            and Role.STEWARD in visitor.roles
            and found.request.is_for(visitor.steward, self._desk.hub.policy.owners),
            may_approve=may_approve(found, visitor),
            may_activate=found.past.state == "approved" and bool({Role.STEWARD, Role.APPROVER} & set(visitor.roles)),
            waits=found.past.state == "draft" and found.past.version.author == visitor.account,
        )


def may_approve(found: Compared, visitor: Visitor) -> bool:
    """Whether a page offers a visitor to approve a version; the store decides."""
    return not found.is_overtaken and _waits_for(found.past, visitor)


def _waits_for(past: Past, visitor: Visitor) -> bool:
    """Whether a version is a draft of somebody else than this approver."""
    return past.state == "draft" and past.version.author != visitor.account and Role.APPROVER in visitor.roles


def conflict_of(problem: Exception | None) -> str:
    """What each side changed, where a version came into force since a draft was begun; empty otherwise."""
    return problem.diff if isinstance(problem, Conflict) else ""


def _number(text: str) -> int:
    """A number of a version; PageRefused for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PageRefused("choice", name="number")
    return int(text)
