"""Mutations of what protects the console: where a change comes from, whose session it is, and what a page may load.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

FORGED = "tests/attacks/console/test_i_forged.py"
OVERSIGHT = "tests/attacks/console/test_oversight.py"
PAGES = "tests/attacks/console/test_pages.py"
DEVELOPER = "tests/attacks/console/test_developer.py"
RESIDENTS = "tests/attacks/console/test_i_residents.py"
SOURCES = "tests/attacks/console/test_sources.py"
OPERATOR = "tests/unit/hub/console/test_operator.py"
SIGNING_IN = "tests/conformance/console/test_signing_in.py"

CONSOLE = (
    Mutation(
        "a form names a source of the hub's files",
        "hub/console/operator/source_pages.py",
        '        if source is None:\n            raise PageRefused("unnamed")\n',
        "        source = source or known.sources[0]\n",
        SOURCES,
    ),
    Mutation(
        "rows of a source are let in once, however often it is asked",
        "hub/ingest/apart/process.py",
        "        if not busy.acquire(blocking=False):\n            raise Busy\n",
        "        busy = threading.Lock()\n        busy.acquire()\n",
        SOURCES,
    ),
    Mutation(
        "of an address neither user nor password is shown",
        "hub/console/operator/source_reading.py",
        'rest = f"{parts.netloc}{parts.path}".rpartition("@")[2]',
        'rest = f"{parts.netloc}{parts.path}"',
        OPERATOR,
    ),
    Mutation(
        "a change comes from a page of the console",
        "hub/console/front.py",
        "        check_origin(arrival.request.headers, [arrival.origin])\n",
        "",
        FORGED,
    ),
    Mutation(
        "a change has the token of the session",
        "hub/console/front.py",
        "        check_form(form, visitor.held)\n",
        "",
        FORGED,
    ),
    Mutation(
        "a change that says not where it comes from is none",
        "hub/console/sessions/same_site.py",
        "(site is None and origin is None) or ",
        "",
        FORGED,
    ),
    Mutation(
        "a change is sent by POST",
        "hub/console/front.py",
        '        if arrival.request.method != "POST":\n',
        "        if False:\n",
        FORGED,
    ),
    Mutation(
        "a session that was held before ends at the next sign-in",
        "hub/console/sessions/store.py",
        "sa.or_(self._over(), _SESSION.c.digest == digest_of(before))",
        "self._over()",
        FORGED,
    ),
    Mutation(
        "a code is of the browser that began",
        "hub/home/code_flow.py",
        '    if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):\n',
        "    if False:\n",
        "tests/unit/hub/home/test_code_flow.py",
    ),
    Mutation(
        "a code is of the provider that was asked",
        "hub/home/code_flow.py",
        '    if answer.get("iss", provider.issuer) != provider.issuer:\n',
        "    if False:\n",
        FORGED,
    ),
    Mutation(
        "a nonce is of the browser that began",
        "hub/home/sign_in.py",
        '    if nonce is not None and claims.get("nonce") != nonce:\n',
        "    if False:\n",
        "tests/unit/hub/home/test_code_flow.py",
    ),
    Mutation(
        "a cookie that is sent twice is none",
        "hub/console/arrival.py",
        'return found[0] if len(found) == 1 else ""',
        'return found[-1] if found else ""',
        PAGES,
    ),
    Mutation(
        "a guess at a person is recorded",
        "hub/console/auditor/log_pages.py",
        '        await self._desk.record_reading(visitor, "log value", {term: found[0]})\n',
        "",
        PAGES,
    ),
    Mutation(
        "a note reads as it is",
        "hub/console/steward/versions_pages.py",
        " or not note.isprintable()",
        "",
        PAGES,
    ),
    Mutation(
        "a lane takes only so much",
        "hub/console/lanes.py",
        "        if self._waiting[lane] >= MOST_WAITING:\n",
        "        if False:\n",
        "tests/unit/hub/console/test_lanes.py",
    ),
    Mutation(
        "a change of a resident has the token of their session",
        "hub/console/resident/resident_pages.py",
        "        check_form(form, resident.held)\n",
        "",
        RESIDENTS,
    ),
    Mutation(
        "what a resident reads is recorded first",
        "hub/console/resident/resident_pages.py",
        '        await self._record("subject", "my data", resident.digests, times)\n',
        "",
        RESIDENTS,
    ),
    Mutation(
        "a session of a resident that was held before ends at the next sign-in",
        "hub/console/sessions/residents.py",
        "_SESSION.c.digest == digest_of(before), ",
        "",
        RESIDENTS,
    ),
    Mutation(
        "a resident is shown what they may be told",
        "hub/console/resident/seen.py",
        "    told = [each for each in found if each.told]\n",
        "    told = found\n",
        "tests/conformance/console/test_residents.py",
    ),
    Mutation(
        "a page is for its roles",
        "hub/console/page.py",
        "    return not way.roles or bool(way.roles & set(visitor.roles))\n",
        "    return True\n",
        "tests/attacks/console/test_roles.py",
    ),
    Mutation(
        "a refusal of the store is no success",
        "hub/console/steward/versions_pages.py",
        "            page = await self._version(arrival, visitor, number, str(refused))\n",
        "            return go_to(HOME + VERSIONS)\n",
        "tests/conformance/console/test_versions.py",
    ),
    Mutation(
        "no value in clear stands in an address",
        "hub/console/auditor/log_pages.py",
        '    if any(not text.startswith("#") for name, text in asked.items() if name in SECRET):\n',
        "    if False:\n",
        "tests/conformance/console/test_log.py",
    ),
    Mutation(
        "nobody judges a record of their own acts",
        "hub/console/oversight/review_pages.py",
        "        if _is_of(logged, _own_digests(hub, visitor)):\n",
        "        if False:\n",
        OVERSIGHT,
    ),
    Mutation(
        "a record that was not drawn is not judged",
        "hub/console/oversight/review_pages.py",
        "        if sample is None or at not in sample.stratum_of:\n",
        "        if sample is None:\n",
        OVERSIGHT,
    ),
    Mutation(
        "of marks at once one counts",
        "hub/auditor/review_marks.py",
        "            if connection.scalar(of_record) != seen or seen >= MOST_OF_RECORD:\n",
        "            if seen >= MOST_OF_RECORD:\n",
        "tests/unit/hub/auditor/test_review.py",
    ),
    Mutation(
        "a continuation's people are those of its record",
        "audit/touched.py",
        "rows = np.where(goes_on, np.where(begins < 0, self._owner, rows[begins]), rows)",
        "rows = np.where(goes_on, -1, rows)",
        "tests/unit/hub/auditor/test_unusual.py",
    ),
    Mutation(
        "an edge to what a purpose does not see is not seen",
        "hub/console/steward/matrix.py",
        "    hidden = effect is Effect.CLEAR and hidden_target(catalogue, decision, coordinate) is not None\n",
        "    hidden = False\n",
        "tests/unit/hub/console/test_matrix.py",
    ),
    Mutation(
        "a page is served under the hub's name alone",
        "hub/console/front.py",
        "        if origin is None:\n",
        "        if False:\n",
        FORGED,
    ),
    Mutation(
        "a sign-in leads to a page of the console",
        "hub/console/sign_in/sign_in_pages.py",
        'return path if _RETURN.fullmatch(path) and "//" not in path else HOME',
        "return path or HOME",
        SIGNING_IN,
    ),
    Mutation(
        "a session is of a person whom the version names",
        "hub/console/front.py",
        "        if steward is None or steward.account != session.account:\n            return None\n",
        "        steward = self._desk.hub.policy.stewards[session.account]\n",
        SIGNING_IN,
    ),
    Mutation(
        "the store does not hold what a browser holds",
        "hub/console/sessions/store.py",
        "    return hashlib.sha256(held.encode()).hexdigest()\n",
        "    return held\n",
        "tests/unit/hub/console/test_sessions.py",
    ),
    Mutation(
        "a session ends in the end",
        "hub/console/sessions/store.py",
        "            _SESSION.c.begun <= now - LONGEST_SECONDS,\n",
        "",
        "tests/unit/hub/console/test_sessions.py",
    ),
    Mutation(
        "a person ends sessions of their own account",
        "hub/console/sessions/store.py",
        "ended = sa.delete(_SESSION).where(_SESSION.c.account == account)",
        "ended = sa.delete(_SESSION)",
        "tests/unit/hub/console/test_sessions.py",
    ),
    Mutation(
        "nobody is steward and auditor",
        "policies/stewards.py",
        "        if held >= APART:\n",
        "        if False:\n",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "a developer's applications are those that name them",
        "hub/console/developer/mine.py",
        "if subject_name(visitor) in each.developers]",
        "]",
        DEVELOPER,
    ),
    Mutation(
        "a form names an application of the developer's own",
        "hub/console/developer/query_pages.py",
        'own_application(self._desk.hub.policy, visitor, form.get("application", ""))',
        'self._desk.hub.policy.applications[form.get("application", "")]',
        DEVELOPER,
    ),
    Mutation(
        "a token is for an application of the developer's own",
        "hub/console/developer/operations_pages.py",
        'own_application(hub.policy, visitor, form.get("application", ""))',
        'hub.policy.applications[form.get("application", "")]',
        DEVELOPER,
    ),
    Mutation(
        "a condition on rows is told as an application is told it",
        "hub/console/developer/explained.py",
        "explain(prepared.planned, prepared.statement, scope_in_words)",
        "explain(prepared.planned, prepared.statement)",
        DEVELOPER,
    ),
    Mutation(
        "a query is run where the hub's own tokens count",
        "hub/console/developer/query_pages.py",
        "return is_local(desk.hub.settings) and application",
        "return application",
        "tests/conformance/console/test_developer.py",
    ),
    Mutation(
        "the requests that are counted are those of one application",
        "hub/console/developer/fared.py",
        "Query(application=application, since=since)",
        "Query(since=since)",
        "tests/conformance/console/test_developer.py",
    ),
    Mutation(
        "a purpose that was asked for in vain is not named",
        "hub/console/developer/fared.py",
        ".items() if name in purposes}",
        ".items()}",
        DEVELOPER,
    ),
)
