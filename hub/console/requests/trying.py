"""Tries the rule of a request before it is drafted: what it says as a sentence, and what it would do; blocks.

Nothing is changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.console.requests.desk_work import Ready
from hub.console.rules.choices import Choices
from hub.console.rules.drafting import TriedEdit, try_files
from hub.console.rules.view import Viewer
from hub.console.steward.versions import changes_of, loaded
from hub.console.words import all_words
from hub.request.running import Hub
from policies.editing.rules import GRANTS
from policies.requests.rule_text import check_rule, files_for
from policies.stewards import Steward
from policies.versions import ChangeRefused
from schema.strict_yaml import YamlFile, YamlFileError


@dataclass(frozen=True, slots=True)
class TriedRule:
    """The rule as the parts of a sentence and what it would do; or why it cannot be drafted as it stands."""

    sentence: Mapping[str, str] | None = None
    tried: TriedEdit | None = None
    problem: str = ""


def try_rule(hub: Hub, steward: Steward, ready: Ready, text: str, language: str) -> TriedRule:
    """Try a rule, as a policy file with one grant, for the request that it answers."""
    request = ready.followed.request
    try:
        check_rule(request, text)
        with changes_of(hub) as changes:
            files = changes.store.files(ready.base)
        name, content = next(iter(files_for(files, text, request).items()))
        after = {**files, name: content}
        policy = loaded(hub, after)
        tried = try_files(hub, files, after, request.grant)
    except (YamlFileError, ChangeRefused) as wrong:
        return TriedRule(problem=str(wrong))
    (rule,) = YamlFile("rule", text.encode()).content[GRANTS]
    return TriedRule(_sentence(Choices(hub.catalogue, policy, steward), rule, language), tried)


def _sentence(choices: Choices, rule: Mapping[str, Any], language: str) -> Mapping[str, str]:
    viewer = Viewer(choices, GRANTS, all_words()[language], language)
    return viewer.view(rule, rule, choices.types_of(rule)).sentence
