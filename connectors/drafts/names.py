"""The names of a draft: of its source, its slice and its type, all made of one short name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DraftName:
    """`short` names source and slice (`market-shops`); `zh` and `en` say what the records are."""

    short: str
    zh: str

    @property
    def entity(self) -> str:
        """The type: `MarketShop`."""
        return "".join(part.capitalize() for part in _singular(self.short).split("-"))

    @property
    def plural(self) -> str:
        """The query field that lists it: `marketShops`."""
        first, *others = _plural(_singular(self.short)).split("-")
        return first + "".join(part.capitalize() for part in others)

    @property
    def en(self) -> str:
        """In plain English: `market shop`."""
        return _singular(self.short).replace("-", " ").capitalize()


def _singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    if name.endswith(("ches", "shes", "xes", "sses")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 2 else name


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("ch", "sh", "x", "s")) else f"{name}s"
