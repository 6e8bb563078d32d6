"""Compressed answers are gzip, and of another length each time."""

from __future__ import annotations

import gzip
import subprocess

import pytest

from hub.request.answers.compression import PADDING, compress

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("content", [b"", b"{}", b'{"data":null}' * 10_000, bytes(range(256)) * 100])
def test_what_is_compressed_is_read_by_others(content: bytes) -> None:
    assert gzip.decompress(compress(content)) == content
    told = subprocess.run(["gzip", "-dc"], input=compress(content), capture_output=True, check=True)
    assert told.stdout == content


def test_the_length_tells_little() -> None:
    lengths = {len(compress(b'{"data":null}' * 1_000)) for _ in range(400)}
    assert len(lengths) > PADDING / 2
    assert max(lengths) - min(lengths) <= PADDING
