"""No process that was begun for a page outlives its hub and keeps a department's source busy."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.attack
HANGS = (
    "import time; from hub.ingest.apart.work import end_with_hub; end_with_hub(); print(1, flush=True); time.sleep(60)"
)


def test_a_trial_that_hangs_ends_with_its_hub() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE) as trial:
        assert trial.stdout is not None
        assert trial.stdout.readline() == b"1\n"
        with pytest.raises(subprocess.TimeoutExpired):
            trial.wait(0.5)
        trial.stdout.close()  # as the end of the hub closes it
        try:
            assert trial.wait(20) == 1
        finally:
            trial.kill()
