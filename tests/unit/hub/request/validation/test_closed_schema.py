"""What is told of the schema where introspection is off: one text, and whom to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.validation.closed_schema import UNFIT, SchemaFault, check_open, told

pytestmark = pytest.mark.unit


def fault() -> SchemaFault:
    also = (HubError(Code.VALIDATION, "Cannot query field 'nam' on type 'Person'."),)
    return SchemaFault(Code.VALIDATION, "The nearest is 'name'.", locations=((1, 3),), also=also)


def test_a_fault_is_told_as_it_is_where_introspection_is_on(tmp_path: Path) -> None:
    one = fault()
    assert told(one, Settings.load(home=tmp_path)) is one
    check_open(Settings.load(home=tmp_path))


def test_a_fault_is_told_without_names_and_places_where_it_is_off(tmp_path: Path) -> None:
    closed = told(fault(), Settings.load(home=tmp_path, introspection="off"))
    assert (closed.code, closed.public_message) == (Code.VALIDATION, UNFIT)
    assert (closed.locations, closed.also, closed.path) == ((), (), ())


def test_what_there_is_is_not_told_where_it_is_off(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="schema print") as refused:
        check_open(Settings.load(home=tmp_path, introspection="off"))
    assert refused.value.code is Code.INTROSPECTION_OFF
