"""The closed lists of words that classify a field: scalars, grades, kinds and region levels.

A word that is not in its list cannot be declared. Grades follow GB/T 43697-2024; region levels are those of the
administrative tree, from the province down to the grid.
"""

from __future__ import annotations

from enum import StrEnum


class Scalar(StrEnum):
    """What a field holds. `REGION` is a jurisdiction path: segments that each end in `/`."""

    STRING = "String"
    ENUM = "Enum"
    INT = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATE = "Date"
    DATETIME = "DateTime"
    REGION = "RegionPath"


class Grade(StrEnum):
    """GB/T 43697: general data 1–4, important, core."""

    GENERAL_1 = "general-1"
    GENERAL_2 = "general-2"
    GENERAL_3 = "general-3"
    GENERAL_4 = "general-4"
    IMPORTANT = "important"
    CORE = "core"


class Kind(StrEnum):
    """What sort of information a field is, for tags such as `kind:phone` in a policy."""

    NAME = "name"
    ID_NUMBER = "id_number"
    PHONE = "phone"
    ADDRESS = "address"
    FREE_TEXT = "free_text"
    BIRTH = "birth"
    REGION = "region"
    CODE = "code"
    STATUS = "status"
    TIME = "time"
    QUANTITY = "quantity"


class RegionLevel(StrEnum):
    """Levels of the administrative tree; a level's position is its segment in a region path."""

    PROVINCE = "PROVINCE"
    CITY = "CITY"
    DISTRICT = "DISTRICT"
    STREET = "STREET"
    COMMUNITY = "COMMUNITY"
    GRID = "GRID"

    @property
    def depth(self) -> int:
        """How many path segments lead to this level (province 1 … grid 6)."""
        return list(RegionLevel).index(self) + 1
