"""A mask of a policy in the words of a page: `partial(0,4)` is “the last 4 characters are left”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.console.words import Words


def mask_in_words(mask: str, words: Words) -> str:
    """What a mask leaves of a value; `mask` is one that a policy names."""
    method, _, rest = mask.removesuffix(")").partition("(")
    parameters = [each.strip() for each in rest.split(",") if each.strip()]
    key, names = _said(method, parameters, words)
    return words(key, **names)


def _said(method: str, parameters: Sequence[str], words: Words) -> tuple[str, Mapping[str, str]]:
    """The key of the words, and what is filled in."""
    match method, parameters:
        case "partial", [first, last]:
            kept = "last" if first == "0" else "first" if last == "0" else "partial"
            return f"mask_{kept}", {"first": first, "last": last}
        case "region", [level]:
            return "mask_region", {"level": words[f"mask_level_{level}"]}
        case "address", [level]:
            return f"mask_address_{level}", {}
        case "round", [base]:
            return "mask_round", {"base": base}
        case "text", [_, *_]:
            return "mask_text_but", {"parts": words["mask_and"].join(words[f"mask_part_{each}"] for each in parameters)}
        case _:
            return f"mask_{method}", {}
