"""Mutations of the defences at the hub's edge: connections, bodies, keys, and the hub's own work.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

EDGE = (
    Mutation(
        "one host in a head",
        "hub/connections.py",
        "len(hosts) == 1 and ",
        "len(hosts) >= 1 and ",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "a host that is one",
        "hub/connections.py",
        " and _HOST.fullmatch(hosts[0]) is not None",
        "",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "HTTP/1.1 needs a host",
        "hub/connections.py",
        '(version == "1.0" and not hosts)',
        "not hosts",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "the versions of HTTP that are spoken",
        "hub/connections.py",
        '            and version in {"1.0", "1.1"}\n',
        "",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "a target is a path",
        "hub/connections.py",
        '            and self.url.startswith(b"/")\n',
        "",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "the request that is answered is told that its client left",
        "hub/connections.py",
        "            self._running.disconnected = True\n",
        "            pass\n",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "a token goes to a hub that proved itself only",
        "hub/home/running_hub.py",
        "            _check_proof(settings, address, wire)\n",
        "",
        "tests/unit/hub/home/test_running_hub.py",
    ),
    Mutation(
        "the proof of a hub names its port",
        "hub/home/running_hub.py",
        'f"sluicegate hub\\n{port}\\n{challenge}"',
        'f"sluicegate hub\\n{challenge}"',
        "tests/unit/hub/home/test_running_hub.py",
    ),
    Mutation(
        "one hub in a home",
        "hub/home/running_hub.py",
        "            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            pass\n",
        "tests/unit/hub/home/test_running_hub.py",
    ),
    Mutation(
        "a bound on the size of a head",
        "hub/connections.py",
        "HEAD_BYTES: Final = 16_384\n",
        "HEAD_BYTES: Final = 16_384_000\n",
        "tests/unit/hub/test_connections.py -k too_large",
    ),
    Mutation(
        "a bound on the time of a head",
        "hub/connections.py",
        "            if now > connection.deadline:",
        "            if False:",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "a bound on the connections of one address",
        "hub/connections.py",
        "        if len(of_address) > self._most_of_one:",
        "        if False:",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "a bound on the signs around a body",
        "hub/connections.py",
        "        if padded or unread:",
        "        if False:",
        "tests/unit/hub/test_connections.py",
    ),
    Mutation(
        "the sender is known before the body is read",
        "hub/request/pipeline.py",
        "    head = _head_or_failure(hub, trail, now)\n",
        "    trail.arrival = await receive_body(trail.arrival)\n"
        "    trail.request = endpoint.read(trail.arrival, hub.settings)\n"
        "    head = _head_or_failure(hub, trail, now)\n",
        "tests/conformance/test_http.py",
    ),
    Mutation(
        "a bound on the values of a body",
        "hub/home/strict_json.py",
        "    if _has_too_many_values(raw):",
        "    if False:",
        "tests/unit/hub/home/test_strict_json.py",
    ),
    Mutation(
        "keys that were replaced are taken",
        "hub/request/auth.py",
        "            self._hub.verifier = self._load()\n",
        "            self._load()\n",
        "tests/unit/hub/request/test_key_follower.py",
    ),
    Mutation(
        "a task that fails is started again",
        "hub/upkeep.py",
        "            except Exception as fault:\n                self.failed(name, fault)\n            if ",
        "            except ZeroDivisionError as fault:\n                self.failed(name, fault)\n            if ",
        "tests/unit/hub/test_upkeep.py",
    ),
    Mutation(
        "each change of state is told",
        "hub/readiness.py",
        "            if part in self._since and before == state:\n",
        "            if part in self._since:\n",
        "tests/unit/hub/test_readiness.py",
    ),
    Mutation(
        "the last prepared month is told before it ends",
        "audit/log.py",
        "(until - today).days > WARN_DAYS",
        "until > today",
        "tests/unit/audit/test_prepared_months.py",
    ),
    Mutation(
        "a clock that was set back undoes no policy",
        "policies/store.py",
        "max([now, *(each.made for each in chain)])",
        "now",
        "tests/unit/hub/request/test_clock.py",
    ),
    Mutation(
        "a folder that is no home is left alone",
        "hub/home/settings.py",
        "        _check_home(home)\n",
        "",
        "tests/unit/hub/home/test_home.py",
    ),
    Mutation(
        "applications take turns at the graph",
        "hub/fair_share.py",
        "            following = min(ready, key=self._usage)\n",
        "            following = ready[0]\n",
        "tests/unit/hub/test_fair_share.py",
    ),
    Mutation(
        "after heavy work the thread rests",
        "hub/processor.py",
        "if took > HEAVY_SECONDS and",
        "if took > 2**62 and",
        "tests/unit/hub/test_processor.py",
    ),
    Mutation(
        "long work leaves the event loop to others",
        "hub/processor.py",
        "return await self._in_thread(client, work) if long else work()",
        "return work()",
        "tests/unit/hub/test_processor.py",
    ),
    Mutation(
        "a turn that comes to one just gone is the next one's",
        "hub/fair_share.py",
        "        if turn.done() and not turn.cancelled() and turn.exception() is None:\n",
        "        if False:\n",
        "tests/unit/hub/test_fair_share.py",
    ),
    Mutation(
        "a text is no markup",
        "hub/terminal.py",
        "        markup=False,\n",
        "",
        "tests/unit/hub/test_terminal.py",
    ),
    Mutation(
        "a source that was never pulled is no clean one",
        "hub/ingest/refused_rows.py",
        "    if wanted is not None and wanted not in known:\n",
        "    if False:\n",
        "tests/unit/hub/ingest/test_told.py",
    ),
    Mutation(
        "a body that is not small is parsed at a turn",
        "hub/request/pipeline.py",
        "is_small = len(trail.arrival.body) <= endpoint.SMALL_BODY",
        "is_small = True",
        "tests/unit/hub/request/prepared/test_prepare.py",
    ),
)
