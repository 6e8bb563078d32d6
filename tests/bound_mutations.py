"""Mutations of what binds a request beside its grants: its registered operation, and the purposes and key of its token.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_BY_ID, _REGISTERED = "tests/conformance/operations/test_by_id.py", "tests/unit/policies/operations/test_registered.py"
_PURPOSES, _KEYS = "tests/attacks/bound/test_token_purposes.py", "tests/attacks/bound/test_sender_keys.py"
_DETAILS, _PROOFS = (
    "tests/unit/hub/request/bindings/test_token_purposes.py",
    "tests/unit/hub/request/bindings/test_sender_keys.py",
)

BOUND = (
    Mutation(
        "a bound application asks nothing else",
        "hub/request/prepared/registered.py",
        "        if not bound:\n",
        "        if True:\n",
        _BY_ID,
    ),
    Mutation(
        "an operation belongs to one application",
        "hub/request/prepared/registered.py",
        "    operation = policy.operations.get((subject.application, asked))\n",
        "    operation = next((each for (_, name), each in policy.operations.items() if name == asked), None)\n",
        _BY_ID,
    ),
    Mutation(
        "an operation has one purpose",
        "hub/request/prepared/registered.py",
        "    if stated and stated != operation.purpose:\n",
        "    if False:\n",
        _BY_ID,
    ),
    Mutation(
        "a text states no purpose",
        "hub/request/prepared/registered.py",
        "    if request.document_id is not None:\n",
        "    if True:\n",
        _BY_ID,
    ),
    Mutation(
        "a request is bound to the purpose of its operation",
        "hub/request/prepared/registered.py",
        "replace(subject, purposes=purposes)",
        "subject",
        _BY_ID,
    ),
    Mutation(
        "the purposes of the token count beside an operation",
        "hub/request/prepared/registered.py",
        "    purposes = own if subject.purposes is None else own & subject.purposes\n",
        "    purposes = own\n",
        _PURPOSES,
    ),
    Mutation(
        "one document is asked",
        "hub/request/bindings/document_ids.py",
        "    if has_query:\n",
        "    if False:\n",
        _BY_ID,
    ),
    Mutation(
        "an id is that of its text",
        "policies/operations/registered.py",
        "        if stated.id != right:\n",
        "        if False:\n",
        _REGISTERED,
    ),
    Mutation(
        "each owner reviews what is read",
        "policies/operations/registered.py",
        "            if owner is not None and owner not in stated.reviewed:\n",
        "            if False:\n",
        _REGISTERED,
    ),
    Mutation(
        "no text in a registered document",
        "policies/operations/document.py",
        "        _refuse_literal(node, at[1], at[3])\n\n    def enter_float_value",
        "        return\n\n    def enter_float_value",
        _REGISTERED,
    ),
    Mutation(
        "no number but a page size in a registered document",
        "policies/operations/document.py",
        "        if not (isinstance(parent, ArgumentNode) and parent.name.value in PAGE_SIZES):\n",
        "        if False:\n",
        _REGISTERED,
    ),
    Mutation(
        "a registered document fits the schema",
        "policies/operations/document.py",
        "    if found is not None:\n",
        "    if False:\n",
        _REGISTERED,
    ),
    Mutation(
        "no grant for a purpose that is not the token's",
        "policies/decide.py",
        "    if subject.purposes is not None and purpose not in subject.purposes:\n",
        "    if False:\n",
        _PURPOSES,
    ),
    Mutation(
        "a decision is kept for the purposes of one token",
        "hub/request/decision_cache.py",
        " subject.purposes, purpose, today)\n        kept = self._grants.find(key)\n",
        " purpose, today)  # type: ignore[assignment]\n        kept = self._grants.find(key)\n",
        _PURPOSES,
    ),
    Mutation(
        "a bound token is no auditor's",
        "hub/request/auth.py",
        '        if purposes_of_token(claims) is not None or claims.keys() & {"cnf", "act"}:\n',
        "        if False:\n",
        _PURPOSES,
    ),
    Mutation(
        "details of a known type only",
        "hub/request/bindings/token_purposes.py",
        ' or entry["type"] != TYPE:\n',
        ":\n",
        _DETAILS,
    ),
    Mutation(
        "a key is shown where it is required",
        "hub/request/bindings/sender_keys.py",
        "            if required or shown is not None:\n",
        "            if shown is not None:\n",
        _KEYS,
    ),
    Mutation(
        "a bound token needs a proof",
        "hub/request/bindings/sender_keys.py",
        '            raise ValueError("is bound to a key that is not shown")\n',
        "            return\n",
        _KEYS,
    ),
    Mutation(
        "a proof is checked where none was checked earlier",
        "hub/request/bindings/sender_keys.py",
        "        if shown is not None and shown.earlier:\n",
        "        if shown is not None:\n",
        _KEYS,
    ),
    Mutation(
        "a proof is of the key of its token",
        "hub/request/bindings/sender_keys.py",
        '        if key.thumbprint() != _thumbprint(claims["cnf"]):\n',
        '        if not _thumbprint(claims["cnf"]):\n',
        _KEYS,
    ),
    Mutation(
        "a proof is used once",
        "hub/request/bindings/sender_keys.py",
        "        if self._buckets.spend((bucket,), _ONCE.burst).waits:\n",
        "        if False:\n",
        _KEYS,
    ),
    Mutation(
        "a proof is remembered while it is good",
        "hub/request/bindings/sender_keys.py",
        "burst=2 * PROOF_SECONDS + 1)",
        "burst=PROOF_SECONDS)",
        _PROOFS,
    ),
    Mutation(
        "a proof is for one token",
        "hub/request/bindings/sender_keys.py",
        ' or proof.get("ath") != _digest(token):\n',
        ":\n",
        _KEYS,
    ),
    Mutation(
        "a proof is for one address",
        "hub/request/bindings/sender_keys.py",
        '        if _place(proof.get("htu")) not in',
        '        if _place(proof.get("htu")) is None and None not in',
        _KEYS,
    ),
    Mutation(
        "a proof is fresh",
        "hub/request/bindings/sender_keys.py",
        "    return now - PROOF_SECONDS <= made <= now + PROOF_SECONDS\n",
        "    return True\n",
        _KEYS,
    ),
    Mutation(
        "a proof has no private key",
        "hub/request/bindings/sender_keys.py",
        " or key.is_private:\n",
        ":\n",
        _KEYS,
    ),
    Mutation(
        "the key of a proof is not an older kind of token",
        "hub/request/bindings/sender_keys.py",
        ' or header.get("typ") != "dpop+jwt"',
        "",
        _KEYS,
    ),
)
