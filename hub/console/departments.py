"""Names departments on pages as the policy in force does, in the language of the page; by their ids where it does not.

A filter of templates each. They read `departments` and `language` of the page: a macro that uses them is imported `with
context`.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from policies.model import Department, PolicySet


def options_of(policy: PolicySet, departments: Iterable[str], language: str) -> list[tuple[str, str]]:
    """For a choice: the id of each department, and what is shown of it."""
    return [(each, shown_with_id(policy, each, language)) for each in sorted(departments)]


def shown_with_id(policy: PolicySet, department: str, language: str) -> str:
    """The name of a department and its id, as one text."""
    name = policy.department_name(department, language)
    return name if name == department else f"{name} {department}"


@pass_context
def department(context: Context, named: str) -> Markup:
    """A department by its name, with its id where somebody points at it."""
    known = _known(context, named)
    return Markup('<span title="{}">{}</span>').format(named, _name(context, known)) if known else Markup.escape(named)


@pass_context
def department_with_id(context: Context, named: str) -> Markup:
    """A department by its name and its id, for people who write policies or search the log."""
    known = _known(context, named)
    return Markup("{} <code>{}</code>").format(_name(context, known), named) if known else Markup.escape(named)


@pass_context
def department_name(context: Context, named: str) -> str:
    """The name of a department alone, as a text."""
    known = _known(context, named)
    return _name(context, known) if known else named


@pass_context
def department_contact(context: Context, named: str) -> str:
    """How to reach a department; empty where the policy does not say."""
    known = _known(context, named)
    return known.contact(context["language"]) if known else ""


FILTERS = {each.__name__: each for each in (department, department_with_id, department_name, department_contact)}


def _known(context: Context, named: str) -> Department | None:
    found: Department | None = context["departments"].get(named)
    return found


def _name(context: Context, known: Department) -> str:
    return known.name(context["language"])
