"""Mutations of the defences of rate limits: that buckets give no more than they may, that all workers share them, and
that nothing is asked before they are.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_BUCKETS = "tests/unit/hub/test_buckets.py"
_RATES = "tests/unit/hub/request/rates/test_rates.py"
_OVER_HTTP = "tests/conformance/limits/test_rate_limits.py"
RATES = (
    Mutation(
        "nobody spends what only another bucket has", "hub/buckets.py", "if min(left) < 0:", "if left[0] < 0:", _BUCKETS
    ),
    Mutation(
        "a bucket is forgotten only when it is full",
        "hub/buckets.py",
        "        if times[way] <= now:\n",
        "        if True:\n",
        _BUCKETS,
    ),
    Mutation(
        "a clock that goes back fills nothing",
        "hub/buckets.py",
        "            return at, max(full, now)\n",
        "            return at, now\n",
        _BUCKETS,
    ),
    Mutation(
        "one worker at a time spends",
        "hub/buckets.py",
        "        fcntl.lockf(self._file, fcntl.LOCK_EX)\n",
        "",
        f"{_BUCKETS} -k share",
    ),
    Mutation(
        "the wait that is told is long enough",
        "hub/buckets.py",
        "waits.append(full - (-again * SECOND // bucket.rate)",
        "waits.append(full - (-units * SECOND // bucket.rate)",
        _BUCKETS,
    ),
    Mutation(
        "the names in the memory cannot be guessed",
        "hub/buckets.py",
        "secret or secrets.token_bytes(32)",
        "secret or bytes(32)",
        _BUCKETS,
    ),
    Mutation(
        "a person has no more than half where only the application is named",
        "hub/request/rates/rates.py",
        "half), whole)",
        "whole), whole)",
        _RATES,
    ),
    Mutation(
        "a person has no more than the application",
        "hub/request/rates/rates.py",
        "_lesser(declared.person or _lesser(self._of_person, half), whole)",
        "declared.person or _lesser(self._of_person, half)",
        _RATES,
    ),
    Mutation(
        "an operation is paid for before it is fetched",
        "hub/request/pipeline.py",
        "        hub.rates.spend(trail.account, prepared.validated.cost)\n",
        "",
        f"{_OVER_HTTP} -k nor_fetched",
    ),
    Mutation(
        "each request is paid for before it is read",
        "hub/request/pipeline.py",
        "        hub.rates.enter(trail.account)\n",
        "",
        f"{_OVER_HTTP} -k nor_fetched",
    ),
    Mutation(
        "all workers share the buckets",
        "hub/serve.py",
        "store=store, buckets=place.buckets)",
        "store=store)",
        "tests/conformance/limits/test_shared_limits.py",
    ),
)
