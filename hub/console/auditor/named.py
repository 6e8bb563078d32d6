"""Finds the code behind a name that pages show: 消防救援大队 or a part of it for `fire`, 手机号 for `Person.phone`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hub.console.log_words import LogWords, log_words_of
from hub.console.words import LANGUAGES
from hub.request.running import Hub

NAMED: Final = ("purpose", "application", "department", "coordinate")
"""The terms whose codes have names in policy or catalogue."""
MOST: Final = 8
"""Codes that are told of a name that several have."""


def codes_for(asked: Mapping[str, str], hub: Hub) -> tuple[Mapping[str, str], Mapping[str, Sequence[str]]]:
    """The terms with codes in the place of names, and by term the codes that a name may mean if they are several."""
    told = [log_words_of(hub, language) for language in LANGUAGES]
    codes, several = dict(asked), dict[str, Sequence[str]]()
    for term in NAMED:
        found = _found(asked.get(term, ""), term, told)
        if len(found) == 1:
            codes[term] = found[0]
        elif found:
            several[term] = found[:MOST]
    return codes, several


def _found(text: str, term: str, told: Sequence[LogWords]) -> Sequence[str]:
    """The codes that a text may mean: as a code, by a whole name, as name and code, by a part of a name."""
    wanted = " ".join(text.casefold().split())
    titles = [(code, title.casefold()) for each in told for code, title in each.titles(term).items()]
    if not wanted or any(code == text for code, _ in titles):
        return ()
    whole = {code for code, title in titles if wanted in {code.casefold(), title, f"{title} {code.casefold()}"}}
    return sorted(whole or {code for code, title in titles if wanted in title})
