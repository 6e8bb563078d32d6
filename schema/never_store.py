"""Words for biometrics and travel tracks, which no name of the catalogue and no column of a source may carry.

A name is split at its capitals, digits and underscores, and each word counts in the plural too. Longer words are also
found inside others (`faceimage`, `fingerprintdata`); short ones that begin plain words (`general`, `surface`) are not.
"""

from __future__ import annotations

import re

NEVER_STORE = frozenset({"face", "fingerprint", "iris", "voiceprint", "gene", "gait", "track", "travel"})
"""English words."""
NEVER_STORE_ZH = ("人脸", "面部", "指纹", "虹膜", "声纹", "基因", "步态", "轨迹", "行程")
"""Chinese words."""
NEVER_STORED = "biometrics and travel tracks are never stored"
"""What is said of such a name."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALSO = frozenset({"genetic", "genetics", "genome", "genomes", "genomic", "facial", "irides", "gaits"})
_WITHIN = tuple(sorted(NEVER_STORE - {"face", "gene"}))
_AT_THE_BEGINNING = ("face",)


def names_never_stored(name: str) -> bool:
    """Whether a name such as `faceImage`, `iris_scans` or `人脸照片` is of biometrics or travel tracks."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return (
        any(_is_never_stored(word) for word in words)
        or any(word in name.lower().replace("_", "") for word in _WITHIN)
        or any(word in name for word in NEVER_STORE_ZH)
    )


def _is_never_stored(word: str) -> bool:
    singular = {word, word.removesuffix("s"), word.removesuffix("es")}
    return bool(singular & NEVER_STORE) or word in _ALSO or word.startswith(_AT_THE_BEGINNING)
