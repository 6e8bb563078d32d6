"""Work in a process of its own: what it gives, why it cannot be done, and that it is one at a time and bounded."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from hub.console.refusals import PageRefused
from hub.console.review.apart import Apart, NotDone
from policies.versions import ChangeRefused

pytestmark = pytest.mark.unit
SECRET = "13912345678"


def work(what: str) -> int:
    match what:
        case "refused":
            raise ChangeRefused("there is no version 9")
        case "fault":
            raise RuntimeError(SECRET)
        case "dies":
            os._exit(3)
        case "sleeps":
            time.sleep(60)
    return os.getpid()


def test_it_is_another_process_which_is_gone_afterwards() -> None:
    found = asyncio.run(Apart(60).do(work, "done"))
    assert found != os.getpid()
    assert not Path(f"/proc/{found}").exists()


def test_what_cannot_be_done_says_why_and_a_fault_says_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    async def all_of_them() -> None:
        place = Apart(60)
        with pytest.raises(NotDone, match="there is no version 9"):
            await place.do(work, "refused")
        for what, why in (("fault", "failed"), ("dies", "failed")):
            with pytest.raises(PageRefused) as refused:
                await place.do(work, what)
            assert refused.value.why == why
        assert not place.is_busy

    asyncio.run(all_of_them())
    told = capfd.readouterr().err
    assert "RuntimeError" in told
    assert SECRET not in told


def test_it_is_one_at_a_time_and_ends_in_time_and_holds_nobody_up() -> None:
    async def both() -> None:
        place = Apart(1.5)
        first = asyncio.create_task(place.do(work, "sleeps"))
        await asyncio.sleep(0.1)
        with pytest.raises(PageRefused) as refused:
            await place.do(work, "done")
        assert refused.value.why == "review_busy"
        with pytest.raises(PageRefused) as late:
            await first
        assert (late.value.why, late.value.names) == ("review_late", {"seconds": "2"})

    began = time.monotonic()
    asyncio.run(both())
    assert time.monotonic() - began < 20
