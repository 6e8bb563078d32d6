"""Torchwood takes our tlog-proofs, its witness signs our checkpoints, and neither takes anything else."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from audit.checkpoint import Signer, Verifier, open_checkpoint, sign_checkpoint
from audit.forms.tlog_proof import tlog_proof
from audit.proof import consistency, inclusion
from audit.tree import leaf_hash
from hub.cli.main import app
from hub.home.audit_log import verifier_of
from tests.conformance.receipts.litewitness import Witness, running
from tests.conformance.receipts.snippets import run, snippet
from tests.support.golog import Case, answers_of, compile_go
from tests.support.memory_tree import Tree, numbered
from tests.support.serving import Served, serving
from tests.support.waiting import until

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]

WITNESS_PAGE = snippet("audit.md", "add-checkpoint")
LOG = Signer("sluicegate.example/audit", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
OTHER = Signer(LOG.name, Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
TREE = Tree.of(700)
LEAF = TREE.leaves(300, 301)[0]
PATH = inclusion(TREE, 300, 700)
HEAD = sign_checkpoint(LOG, 700, TREE.root)
PROOF = tlog_proof(300, PATH, HEAD)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).parent / "torchwood"
    return compile_go(source, tmp_path_factory.mktemp("torchwood"), "filippo.io/torchwood/cmd/litewitness")


@pytest.fixture
def witness(programs: Path) -> Iterator[Witness]:
    """A witness that knows the log LOG."""
    with running(programs / "litewitness", LOG.verifier) as found:
        yield found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def trusting(log: Verifier, witness: Witness | None = None) -> str:
    """The policy of somebody who wants the log's signature and, if one is named, that of a witness."""
    if witness is None:
        return f"log {log.text}\nquorum none\n"
    return f"log {log.text}\nwitness archive {witness.key}\nquorum archive\n"


def said(programs: Path, *cases: Case) -> list[str]:
    return answers_of([str(programs / "torchwood")], list(cases))


def case(proof: bytes = PROOF, leaf: bytes = LEAF, log: Verifier = LOG.verifier) -> Case:
    return {"policy": trusting(log), "leaf": leaf, "proof": proof}


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 700])
def test_a_proof_of_every_place_is_taken(programs: Path, size: int) -> None:
    tree = Tree.of(size)
    head = sign_checkpoint(LOG, size, tree.root)
    places = sorted({0, size // 2, size - 1, min(size - 1, 255)})
    cases = [case(tlog_proof(at, inclusion(tree, at, size), head), leaf_hash(numbered(at))) for at in places]
    assert said(programs, *cases) == [""] * len(places)


def test_a_proof_of_anything_else_is_refused(programs: Path) -> None:
    grown = Tree.of(701)
    wrong = [
        case(leaf=TREE.leaves(301, 302)[0]),
        case(log=OTHER.verifier),
        case(tlog_proof(301, PATH, HEAD)),
        case(tlog_proof(300, PATH[:-1], HEAD)),
        case(tlog_proof(300, [*PATH, bytes(32)], HEAD)),
        case(tlog_proof(300, PATH[::-1], HEAD)),
        case(tlog_proof(300, PATH, sign_checkpoint(OTHER, 700, TREE.root))),
        case(tlog_proof(300, PATH, sign_checkpoint(LOG, 700, bytes(32)))),
        case(tlog_proof(300, PATH, sign_checkpoint(LOG, 701, grown.root))),
        case(tlog_proof(300, PATH, HEAD.replace(b"\n700\n", b"\n701\n"))),
        case(PROOF.replace(b"@v1", b"@v2")),
        case(PROOF.replace(b"index 300", b"index -1")),
        case(PROOF[:-1]),
        case(b""),
    ]
    why = said(programs, case(), *wrong)
    assert why[0] == ""
    assert all(why[1:])


def receipt(served: Served) -> dict[str, str]:
    """What an application sends for a proof: the receipt of an answer that a checkpoint covers by now."""
    told = served.ask().json()["extensions"]["receipt"]
    asked = {"index": str(told["index"]), "leafHash": told["leafHash"]}
    until(lambda: served.client.get("/audit/proof", params=asked).status_code == 200)
    return asked


def cosign(served: Served, witness: Witness) -> str:
    """The newest checkpoint with the signature of the witness too, as the page of the documentation gets it."""
    done = run(WITNESS_PAGE, HUB=str(served.client.base_url), WITNESS=witness.url)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_receipt_of_an_answer_is_proved_and_witnessed(programs: Path, served: Served, tmp_path: Path) -> None:
    key = verifier_of(served.hub.settings)
    with running(programs / "litewitness", key) as witness, (tmp_path / "witnessed.txt").open("a") as kept:
        for _ in range(3):
            asked = receipt(served)
            seen = cosign(served, witness)
            kept.write(seen)
            size = str(open_checkpoint(seen.encode(), key).size)
            page = served.client.get("/audit/proof", params={**asked, "size": size, "form": "tlog-proof"})
            assert page.headers["content-type"] == "text/plain; charset=utf-8"
            leaf, cosignature = bytes.fromhex(asked["leafHash"]), seen.splitlines(keepends=True)[-1]
            assert cosignature.startswith("— witness.example/city-archive ")
            both = page.content + cosignature.encode()
            wanted = trusting(key, witness)
            alone, signed, forged = said(
                programs,
                {"policy": wanted, "leaf": leaf, "proof": page.content},
                {"policy": wanted, "leaf": leaf, "proof": both},
                {"policy": wanted, "leaf": bytes(32), "proof": both},
            )
            assert "only 1/2 policy components satisfied" in alone
            assert signed == ""
            assert "verification failed" in forged
            assert said(programs, {"policy": trusting(key), "leaf": leaf, "proof": page.content}) == [""]
    # What the witness signed is what the fsck of the log is held against.
    home, head = str(served.hub.settings.home), str(tmp_path / "witnessed.txt")
    verified = CliRunner().invoke(app, ["audit", "verify", "--home", home, "--head", head])
    assert verified.exit_code == 0, verified.output


def submit(witness: Witness, old: int, tree: Tree, by: Signer = LOG, root: bytes | None = None) -> httpx.Response:
    """Ask the witness to sign the head of a tree as a continuation of its first `old` leaves."""
    proof = [base64.b64encode(each).decode() for each in consistency(tree, old, tree.size)] if old <= tree.size else []
    lines = [f"old {old}", *proof, "", sign_checkpoint(by, tree.size, root or tree.root).decode()]
    return httpx.post(f"{witness.url}/add-checkpoint", content="\n".join(lines), trust_env=False)


def test_f09_f10_no_second_history_is_witnessed(witness: Witness) -> None:
    """Not even if whoever rewrites the log has its key."""
    assert submit(witness, 0, Tree.of(300)).status_code == 200
    assert submit(witness, 300, Tree.of(400)).status_code == 200
    forked = Tree([*Tree.of(399).leaves(0, 399), leaf_hash(b"another"), *TREE.leaves(400, 500)])
    assert submit(witness, 400, forked).status_code == 422
    same = Tree(forked.leaves(0, 400))
    assert submit(witness, 400, same).status_code == 422, "another root of the same size"
    assert submit(witness, 400, TREE, root=bytes(32)).status_code == 422
    assert submit(witness, 300, Tree.of(350)).status_code == 409, "a log that was cut, after the checkpoint before"
    assert submit(witness, 400, Tree.of(350)).status_code == 400, "a log that was cut"
    assert submit(witness, 0, forked).status_code == 409, "a log that begins anew"
    assert submit(witness, 400, TREE, by=OTHER).status_code == 403
    assert submit(witness, 400, TREE, by=Signer("other.example/log", Ed25519PrivateKey.generate())).status_code == 404
    assert submit(witness, 400, TREE).status_code == 200, "the history that it knows goes on"


def test_f10_the_page_of_the_documentation_finds_a_second_log(programs: Path, served: Served, tmp_path: Path) -> None:
    """Two hubs with one key and two logs: who is shown the second gets no signature, while it is shorter and later."""
    for _ in range(8):
        served.ask()
    receipt(served)
    keys = served.hub.settings.audit_key
    (tmp_path / "second" / keys.parent.name).mkdir(parents=True)
    shutil.copy(keys, tmp_path / "second" / keys.parent.name)
    key = verifier_of(served.hub.settings)
    with running(programs / "litewitness", key) as witness, serving(tmp_path / "second") as second:
        seen = open_checkpoint(cosign(served, witness).encode(), key)
        assert int(receipt(second)["index"]) < seen.size - 1
        cut = run(WITNESS_PAGE, HUB=str(second.client.base_url), WITNESS=witness.url)
        while int(receipt(second)["index"]) <= seen.size:
            pass
        forked = run(WITNESS_PAGE, HUB=str(second.client.base_url), WITNESS=witness.url)
    assert (cut.returncode, forked.returncode) == (1, 1)
    assert "'400 Bad Request' for url 'http://127.0.0.1" in cut.stderr and "/audit/proof" in cut.stderr
    assert "'422 Unprocessable Entity'" in forked.stderr
