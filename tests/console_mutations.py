"""Mutations of what protects the console: where a change comes from, whose session it is, and what a page may load.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

FORGED = "tests/attacks/console/test_i_forged.py"
PAGES = "tests/attacks/console/test_pages.py"
FOLLOWING = "tests/conformance/console/test_following.py"
SCRIPTS = "tests/unit/hub/console/test_page_scripts.py"
SIGNING_IN = "tests/conformance/console/test_signing_in.py"

CONSOLE = (
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
        "sa.or_(self._over(), _SESSION.c.digest == _digest(before))",
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
        "hub/console/auditor/terms.py",
        '    if any(not text.startswith("#") for name, text in asked.items() if name in SECRET):\n',
        "    if False:\n",
        "tests/conformance/console/test_log.py",
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
        "no text becomes markup in a page",
        "hub/console/page_scripts.py",
        "        \"require-trusted-types-for 'script'\",\n",
        "",
        SCRIPTS,
    ),
    Mutation(
        "a page runs its own scripts alone",
        "hub/console/page_scripts.py",
        "    runs = [origin + assets.url(name) for name in needs.scripts]\n",
        "    runs = [\"'self'\"]\n",
        SCRIPTS,
    ),
    Mutation(
        "who follows the log is not told that others do",
        "hub/console/auditor/following.py",
        " if not _is_following(each)",
        "",
        FOLLOWING,
    ),
    Mutation(
        "a script keeps no session alive",
        "hub/console/sessions/store.py",
        "        if by_person and now",
        "        if now",
        "tests/unit/hub/console/test_sessions.py",
    ),
    Mutation(
        "a saved search is of one person",
        "hub/console/auditor/saved.py",
        "sa.and_(_SAVED.c.issuer == person.issuer, _SAVED.c.subject == person.subject)",
        "_SAVED.c.issuer == person.issuer",
        "tests/unit/hub/console/test_kept_for_auditors.py",
    ),
    Mutation(
        "the name of a saved search holds no long number",
        "hub/console/auditor/saved_pages.py",
        " or _NUMBER.search(name)",
        "",
        FOLLOWING,
    ),
    Mutation(
        "one check of the whole log runs at a time",
        "hub/console/integrity/checks.py",
        "            if connection.execute(running).first() is not None:\n                return None\n",
        "",
        "tests/unit/hub/console/test_kept_for_auditors.py",
    ),
)
