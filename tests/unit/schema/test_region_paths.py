"""An official code has one path, and a path that no code has is told, with what may be meant."""

from __future__ import annotations

import pytest

from schema.region_paths import fault_of_path, path_meant, path_of_code

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("140321001003008", "14/03/21/001/003/008/"),
        ("140321001000", "14/03/21/001/"),
        ("140321", "14/03/21/"),
        ("441900003000", "44/19/-/003/"),
        ("14", "14/"),
        ("000000", None),
        ("1403210", None),
        ("١٤", None),
    ],
)
def test_the_path_of_an_official_code(code: str, path: str | None) -> None:
    assert path_of_code(code) == path


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (140321001000, "14/03/21/001/"),
        ("14／03／21", "14/03/21/"),
        ("/14/03/", "14/03/"),
        ("140321/", "14/03/21/"),
        ("\u200b14/03", "14/03/"),
        ("14", "14/"),
        ("somewhere", None),
        (True, None),
        (None, None),
    ],
)
def test_another_form_is_read_where_it_is_plain(written: object, path: str | None) -> None:
    assert path_meant(written) == path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("14/03/21/001/003/008/", ""),
        ("44/19/-/003/", ""),
        ("140321/", "140321 is no code of a province, which has 2 digits; write 14/03/21/"),
        ("14/03/21001/", "21001 is no code of a district, which has 2 digits; write 14/03/21/001/"),
        ("14/3/", "3 is no code of a city, which has 2 digits; write a path such as 14/03/21/001/"),
        ("14/03/21/001/003/008/001/", "it has 7 levels, and there are 6, from province to grid; write a path such as"),
        ("14/03/21/000/", "000 names no street"),
        ("14/03/-/", "it ends with -, which names no division"),
        ("yangquan/", "yangquan is no code of a province"),
    ],
)
def test_a_path_that_no_division_has_is_told(path: str, told: str) -> None:
    assert fault_of_path(path).startswith(told)
    assert bool(fault_of_path(path)) == bool(told)
