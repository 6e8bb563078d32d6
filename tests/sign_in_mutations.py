"""Mutations of what binds an act to a signed-in person: the provider's signature, the hour, roles, names alone.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

SIGN_IN = (
    Mutation(
        "a sign-in by a name that can be seen",
        "hub/home/sign_in.py",
        "    if not is_visible(subject):\n",
        "    if False:\n",
        "tests/unit/hub/home/test_visible_names.py",
    ),
    Mutation(
        "a token of a name that can be seen",
        "hub/request/auth.py",
        " <= MAX_NAME and is_visible(value)",
        " <= MAX_NAME",
        "tests/unit/hub/request/test_auth.py",
    ),
    Mutation(
        "no filler and no mark without a shape in a name",
        "hub/home/visible_names.py",
        " and not _UNSEEN.search(name)",
        "",
        "tests/unit/hub/home/test_visible_names.py",
    ),
    Mutation(
        "zeros before a number tell nobody apart",
        "policies/stewards.py",
        '_LEADING.sub("", folded.translate(_ALIKE))',
        "folded.translate(_ALIKE)",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "punctuation tells nobody apart",
        "policies/stewards.py",
        'not in "CMPSZ"',
        'not in "CMZ"',
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "a name alone is not believed",
        "hub/steward/acting.py",
        "    if not settings.local_stewards:\n",
        "    if False:\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "reading needs a role",
        "hub/steward/acting.py",
        "    if not set(roles) & set(steward.roles):\n",
        "    if False:\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "the provider that the version names",
        "hub/steward/acting.py",
        "and each.issuer in {None, identity.issuer}",
        "and True",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "a sign-in ends after an hour",
        "hub/home/session.py",
        "    if identity.at + SESSION_SECONDS < time.time():\n",
        "    if False:\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "a sign-in is for this program and from this provider",
        "hub/home/sign_in.py",
        '    if claims.get("iss") != issuer or client not in audiences or claims.get("azp", client) != client:\n',
        "    if False:\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "a reading of the log needs an auditor",
        "hub/cli/audit_opening.py",
        "return acting(settings, named, Role.AUDITOR) if has_keys(settings) else None",
        "return acting(settings, named) if has_keys(settings) else None",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "a search for a person finds the staff",
        "hub/auditor/search_terms.py",
        ', "who.account": "steward"',
        "",
        "tests/conformance/test_cli_audit_search.py",
    ),
    Mutation(
        "a version is compared by a signed-in reader",
        "hub/cli/policy_changes.py",
        "        actor = reader_of(settings, named, before, after)\n",
        "        actor = None\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "the version in force is explained to a signed-in reader",
        "hub/cli/policy_explain.py",
        "    actor = None if folder else reader_of(settings, named, CURRENT)\n",
        "    actor = None\n",
        "tests/attacks/test_sign_in.py",
    ),
    Mutation(
        "a loss is accepted by an operator",
        "hub/cli/audit_proofs.py",
        "        actor = acting(settings, named, Role.OPERATOR)\n",
        "        actor = acting(settings, named)\n",
        "tests/conformance/test_cli_audit.py",
    ),
    Mutation(
        "a lost folder of keys is not made again",
        "hub/home/key_files.py",
        "        _note_lost(made)\n",
        "        pass\n",
        "tests/unit/hub/home/test_home.py",
    ),
)
