"""A tlog-proof is index, path and checkpoint, a line each, as C2SP writes them."""

import pytest

from audit.forms.tlog_proof import tlog_proof

pytestmark = pytest.mark.unit

NOTE = "desk.example/log\n3\nAAAA\n\n— desk.example/log Az3grlgt\n".encode()


def test_each_part_has_its_line() -> None:
    assert tlog_proof(2, [bytes(32), b"\xff" * 32], NOTE) == (
        b"c2sp.org/tlog-proof@v1\nindex 2\n" + b"A" * 43 + b"=\n" + b"/" * 42 + b"8=\n\n" + NOTE
    )


def test_the_only_record_needs_no_path() -> None:
    assert tlog_proof(0, [], NOTE) == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
