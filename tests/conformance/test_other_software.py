"""What we sign, serve and prove is what golang.org/x/mod/sumdb and transparency-dev take, and they refuse the rest."""

import random
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Signer, sign_checkpoint
from audit.forms.tlog_proof import tlog_proof
from audit.log import read
from audit.proof import ProofRefused, check_consistency, check_inclusion, consistency, inclusion, root_at
from audit.record import Record, encode
from audit.stores.open import open_reader
from hub.home.audit_log import open_log, verifier_of
from hub.home.settings import Settings
from tests.conformance.golog.wrong_proofs import Claim, continuations, inclusions
from tests.support import serving as hubs
from tests.support.golog import Case, Served, ask, build, serving
from tests.support.memory_tree import Tree, numbered

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

NAME = "sluicegate.example/audit"
SIZES = (0, 1, 2, 255, 256, 257, 100_000)
LARGE = SIZES[-1]


def signer(seed: int, name: str = NAME) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


LOG, OTHER = signer(1), signer(2)
OPEN: Case = {"kind": "checkpoint"}
TILES: Case = {"kind": "tiles"}


@pytest.fixture(scope="module")
def golog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("golog"))


@pytest.fixture(scope="module")
def trees() -> dict[int, Tree]:
    return {size: Tree.of(size) for size in SIZES}


def served(tree: Tree, by: Signer = LOG) -> Served:
    return Served(tree, sign_checkpoint(by, tree.size, tree.root))


def said(golog: Path, shown: Served, cases: list[Case], key: str = LOG.verifier.text) -> list[str]:
    with serving(shown) as address:
        return ask(golog, address, key, cases)


def record(tree: Tree, index: int) -> Case:
    return {"kind": "record", "index": index, "record": numbered(index), "proof": inclusion(tree, index, tree.size)}


def beginning(tree: Tree, old: int) -> Case:
    proof = consistency(tree, old, tree.size)
    return {"kind": "consistency", "old": old, "root": root_at(tree, old), "proof": proof}


def holds(claim: Claim, *, growth: bool) -> bool:
    """Whether our own check takes what is claimed."""
    try:
        if growth:
            check_consistency(claim.small, claim.below, claim.size, claim.above, claim.proof)
        else:
            check_inclusion(claim.below, claim.small, claim.size, claim.above, claim.proof)
    except ProofRefused:
        return False
    return True


def claimed(claim: Claim, *, growth: bool) -> Case:
    hashes = {"root": claim.below, "leaf": claim.above} if growth else {"root": claim.above, "leaf": claim.below}
    place = {"kind": "grown", "old": claim.small} if growth else {"kind": "included", "index": claim.small}
    return {**place, "size": claim.size, "proof": claim.proof, **hashes}


def places(size: int, rng: random.Random) -> list[int]:
    """The edges of a tree and of its tiles, and some places between."""
    edges = {0, 1, 127, 128, 254, 255, 256, 511, 512, 65_535, 65_536, size // 2, size - 2, size - 1}
    return sorted({*(n for n in edges if 0 <= n < size), *rng.sample(range(size), min(size, 8))})


@pytest.mark.parametrize("size", SIZES)
def test_other_software_agrees(golog: Path, trees: dict[int, Tree], size: int, rng: random.Random) -> None:
    tree, at = trees[size], places(size, rng)
    proofs = [*(record(tree, n) for n in at), *(beginning(tree, n + 1) for n in at)]
    cases = [OPEN, TILES, *proofs]
    assert said(golog, served(tree), cases) == [""] * len(cases)


def test_each_growth_from_size_to_size_is_consistent(golog: Path, trees: dict[int, Tree]) -> None:
    for new in SIZES[1:]:
        cases = [OPEN, *(beginning(trees[new], old) for old in SIZES if 0 < old <= new)]
        assert said(golog, served(trees[new]), cases) == [""] * len(cases)


@pytest.mark.parametrize("path", ["0/000", "0/255", "0/390.p/160", "1/000", "1/001.p/134", "2/000.p/1"])
def test_a_changed_tile_is_refused(golog: Path, trees: dict[int, Tree], path: str, rng: random.Random) -> None:
    shown = served(trees[LARGE])
    content = bytearray(shown.answer(f"/tile/{path}") or b"")
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    shown.changed[path] = bytes(content)
    opened, why = said(golog, shown, [OPEN, TILES])
    assert opened == ""
    assert "inconsistent tile" in why


def test_two_tiles_that_changed_places_are_refused(golog: Path, trees: dict[int, Tree]) -> None:
    shown = served(trees[LARGE])
    one, two = (shown.answer(f"/tile/0/{n}") or b"" for n in ("003", "004"))
    shown.changed.update({"0/003": two, "0/004": one})
    opened, why = said(golog, shown, [OPEN, TILES])
    assert (opened, "inconsistent tile" in why) == ("", True)


@pytest.mark.parametrize("size", [1, 2, 255, 257, LARGE])
def test_a_wrong_root_is_refused(golog: Path, trees: dict[int, Tree], size: int) -> None:
    tree = trees[size]
    shown = Served(tree, sign_checkpoint(LOG, size, bytes(32)))
    opened, *others = said(
        golog, shown, [OPEN, TILES, record(tree, size - 1), beginning(tree, 1), beginning(tree, size)]
    )
    assert opened == ""
    assert all(others)


def test_a_wrong_size_is_refused(golog: Path, trees: dict[int, Tree]) -> None:
    tree = trees[256]
    opened, *others = said(golog, Served(tree, sign_checkpoint(LOG, 255, tree.root)), [OPEN, TILES, record(tree, 0)])
    assert opened == ""
    assert all(others)


def test_an_empty_log_with_a_root_is_refused(golog: Path, trees: dict[int, Tree]) -> None:
    opened, why = said(golog, Served(trees[0], sign_checkpoint(LOG, 0, trees[1].root)), [OPEN, TILES])
    assert (opened, why) == ("", "the tiles have another root")


ANOTHER_ORIGIN = LOG.seal(
    sign_checkpoint(OTHER, 2, bytes(32)).decode().split("\n\n")[0].replace("sluicegate", "floodgate") + "\n"
)


@pytest.mark.parametrize(
    ("checkpoint", "key", "why"),
    [
        (sign_checkpoint(OTHER, 2, bytes(32)), LOG, "no verifiable signatures"),
        (sign_checkpoint(LOG, 2, bytes(32)), OTHER, "no verifiable signatures"),
        (sign_checkpoint(signer(1, "floodgate.example/audit"), 2, bytes(32)), LOG, "no verifiable signatures"),
        (sign_checkpoint(LOG, 2, bytes(32)).replace(b"\n2\n", b"\n3\n"), LOG, "invalid signature"),
        (sign_checkpoint(LOG, 2, bytes(32)).replace(b"\nAAAA", b"\nAAAB"), LOG, "invalid signature"),
        (sign_checkpoint(LOG, 2, bytes(32))[:-1], LOG, "malformed note"),
        (ANOTHER_ORIGIN, LOG, "not the checkpoint of this log"),
        (LOG.seal("sluicegate.example/audit\nx\nAAAA\n"), LOG, "size invalid"),
    ],
)
def test_a_foreign_checkpoint_is_refused(
    golog: Path, trees: dict[int, Tree], checkpoint: bytes, key: Signer, why: str
) -> None:
    (found,) = said(golog, Served(trees[2], checkpoint), [OPEN], key.verifier.text)
    assert why in found


def test_proofs_of_anything_else_are_refused(golog: Path, trees: dict[int, Tree]) -> None:
    tree = trees[257]
    good, old = record(tree, 77), beginning(tree, 200)
    cases = [
        {**good, "index": 78},
        {**good, "record": b"record 78"},
        {**good, "proof": good["proof"][:-1]},
        {**good, "proof": [*good["proof"], bytes(32)]},
        {**good, "proof": good["proof"][::-1]},
        {**good, "proof": []},
        {**old, "old": 201},
        {**old, "root": bytes(32)},
        {**old, "proof": old["proof"][:-1]},
        {**old, "proof": [*old["proof"], bytes(32)]},
        {**old, "proof": []},
    ]
    opened, *others = said(golog, served(tree), [OPEN, *cases])
    assert opened == ""
    assert all(others)


@pytest.mark.parametrize("growth", [False, True])
def test_other_software_refuses_the_same_wrong_proofs(golog: Path, trees: dict[int, Tree], growth: bool) -> None:
    """Whatever transparency-dev/merkle publishes as a wrong proof, at every place of its tree: neither takes it."""
    claims = [each for each in (continuations() if growth else inclusions()) if each.small or not growth]
    theirs = [not why for why in said(golog, served(trees[2]), [claimed(each, growth=growth) for each in claims])]
    assert [holds(each, growth=growth) for each in claims] == theirs
    assert [each.kind for each, taken in zip(claims, theirs, strict=True) if taken != (not each.kind)] == []
    assert len(claims) > 1_000


def test_other_software_reads_our_proof_files(golog: Path, trees: dict[int, Tree]) -> None:
    tree = trees[257]
    head = sign_checkpoint(LOG, 257, tree.root)
    files = [(at, tlog_proof(at, inclusion(tree, at, 257), head)) for at in (0, 100, 255, 256)]
    good: list[Case] = [{"kind": "file", "file": file, "leaf": tree.leaves(at, at + 1)[0]} for at, file in files]
    wrong = [
        {**good[1], "leaf": tree.leaves(101, 102)[0]},
        {**good[1], "file": files[1][1].replace(b"index 100", b"index 101")},
        {**good[1], "file": files[1][1].replace(b"index 100", b"index 0100")},
        {**good[1], "file": tlog_proof(100, inclusion(tree, 100, 257), sign_checkpoint(OTHER, 257, tree.root))},
        {**good[1], "file": tlog_proof(100, inclusion(tree, 100, 257)[1:], head)},
    ]
    found = said(golog, served(tree), [*good, *wrong])
    assert found[: len(good)] == [""] * len(good)
    assert all(found[len(good) :])


@pytest.mark.parametrize("name", [NAME, "数闸.example/审计"])
def test_other_software_signs_the_same_note_with_our_key(golog: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "audit.key"
    ours = Signer.load(path, name)
    text = f"{name}\n0\n{'A' * 43}=\n"
    case = {"kind": "sign", "key": path.read_text(), "text": text, "note": sign_checkpoint(ours, 0, bytes(32))}
    assert said(golog, served(Tree.of(0), ours), [OPEN, TILES, case], ours.verifier.text) == ["", "", ""]


def test_other_software_agrees_with_the_pages_of_a_hub(golog: Path, tmp_path: Path) -> None:
    """As an auditor elsewhere does it: with the public key, a receipt, and an old checkpoint."""
    size, old = 300, 256
    settings = Settings.load(home=tmp_path / "home")
    with closing(open_log(settings)) as log:
        receipts = [
            log.append_sync(Record(kind="refusal", request_id=f"r{number}", result="METHOD", http_status=405))
            for number in range(size)
        ]
    records = [each.record for each in read(settings.audit_log)]
    with closing(open_reader(settings.audit_log)) as reader:
        root = root_at(reader, old)
    with hubs.serving(tmp_path / "home") as hub:

        def page(**asked: int | str) -> list[bytes]:
            return [bytes.fromhex(each) for each in hub.client.get("/audit/proof", params=asked).json()["proof"]]

        cases: list[Case] = [
            OPEN,
            {"kind": "tiles", "leaves": [bytes.fromhex(each.leaf_hash) for each in receipts]},
            *(
                {
                    "kind": "record",
                    "index": at.index,
                    "record": encode(records[at.index]),
                    "proof": page(index=at.index, leafHash=at.leaf_hash),
                }
                for at in (receipts[0], receipts[255], receipts[256], receipts[299])
            ),
            {"kind": "consistency", "old": old, "root": root, "proof": page(**{"from": old, "to": size})},
            {
                "kind": "record",
                "index": 1,
                "record": encode(records[2]),
                "proof": page(index=1, leafHash=receipts[1].leaf_hash),
            },
        ]
        said = ask(golog, f"127.0.0.1:{hub.port}/audit", verifier_of(settings).text, cases)
    assert said[:-1] == [""] * (len(cases) - 1)
    assert said[-1]
