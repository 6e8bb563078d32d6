"""Notes and key files: only a note signed by the key of the log opens, and only its owner can read a key file."""

import base64
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, KeyRefused, NoteRefused, Signer, Verifier, open_checkpoint, sign_checkpoint
from audit.note import MAX_NOTE_BYTES

pytestmark = pytest.mark.unit

# The example of golang.org/x/mod/sumdb/note: keys, text and the note that Go makes of them.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
WITNESS = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

NAME = "sluicegate.example/audit"
ROOT = bytes(range(32))


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "audit.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def signer(seed: int = 1, name: str = NAME) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_published_note_opens() -> None:
    verifier = Verifier.parse(PUBLIC)
    assert verifier.text == PUBLIC
    assert verifier.open(f"{TEXT}\n{LINE}".encode()) == TEXT


def test_the_published_key_makes_the_published_note(tmp_path: Path) -> None:
    loaded = Signer.load(key_file(tmp_path, PRIVATE + "\n"), "PeterNeumann")
    assert loaded.verifier.text == PUBLIC
    assert loaded.seal(TEXT) == f"{TEXT}\n{LINE}".encode()


@pytest.mark.parametrize("block", [WITNESS + LINE, LINE + WITNESS, LINE + LINE])
def test_other_signatures_are_passed_over(block: str) -> None:
    assert Verifier.parse(PUBLIC).open(f"{TEXT}\n{block}".encode()) == TEXT


ANOTHER_KEY_OF_THAT_NAME = signer(7, "PeterNeumann").seal(TEXT).decode().split("\n\n")[1]
BAD = LINE.replace("x08go/ZJ", "x08go/ZK")


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (f"{TEXT}\n{WITNESS}", "unsigned"),
        (f"{TEXT}\n{ANOTHER_KEY_OF_THAT_NAME}", "unsigned"),
        (f"{TEXT}\n{BAD}", "bad signature"),
        (f"{TEXT}\n{LINE}{BAD}", "bad signature"),
        (f"{TEXT}\n{BAD}{LINE}", "bad signature"),
        (f"{TEXT}.\n\n{LINE}", "bad signature"),
        (f"{TEXT}\n\n{LINE}", "bad signature"),
        (f"{TEXT}\n— PeterNeumann x08gowA=\n", "bad signature"),
        (f"{TEXT}\n", "malformed"),
        (TEXT, "malformed"),
        ("", "malformed"),
        (LINE, "malformed"),
        (f"{TEXT}{LINE}", "malformed"),
        (f"{TEXT}\n{LINE}"[:-1], "malformed"),
        (f"{TEXT}\n{LINE}\n", "malformed"),
        (f"{TEXT}\n{LINE}x", "malformed"),
        (f"{TEXT}\n{LINE}x\n", "malformed"),
        (f"{TEXT}\n{LINE}".replace("\n", "\r\n"), "malformed"),
        (f"{TEXT}\0\n{LINE}", "malformed"),
        (f"\t{TEXT}\n{LINE}", "malformed"),
        (f"{TEXT}\n-{LINE[1:]}", "malformed"),
        (f"{TEXT}\n{LINE.replace(' P', '  P')}", "malformed"),
        (f"{TEXT}\n{LINE.replace('— ', '—')}", "malformed"),
        (f"{TEXT}\n— PeterNeumann\n", "malformed"),
        (f"{TEXT}\n— PeterNeumann \n", "malformed"),
        (f"{TEXT}\n— PeterNeumann x08gow==\n", "malformed"),
        (f"{TEXT}\n— PeterNeumann x08go!!!\n", "malformed"),
        (f"{TEXT}\n— PeterNeumann x08gowB=\n", "malformed"),
        (f"{TEXT}\n— Peter+Neumann x08gowAA\n", "malformed"),
        (f"{TEXT}\n—  x08gowAA\n", "malformed"),
        (f"{TEXT}\n{LINE * 101}", "malformed"),
        (f"{'x' * MAX_NOTE_BYTES}\n\n{LINE}", "malformed"),
    ],
)
def test_why_a_note_is_refused(note: str, why: str) -> None:
    with pytest.raises(NoteRefused) as refused:
        Verifier.parse(PUBLIC).open(note.encode())
    assert refused.value.why == why


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(NoteRefused, match="malformed"):
        Verifier.parse(PUBLIC).open(b"\xff\n\n" + LINE.encode())


def test_each_changed_byte_of_a_checkpoint_is_found() -> None:
    note, verifier = sign_checkpoint(signer(), 300, ROOT), signer().verifier
    for at in range(len(note)):
        for bit in range(8):
            changed = note[:at] + bytes([note[at] ^ (1 << bit)]) + note[at + 1 :]
            with pytest.raises(NoteRefused):
                open_checkpoint(changed, verifier)
    for at in range(len(note)):
        with pytest.raises(NoteRefused):
            open_checkpoint(note[:at], verifier)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcCQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        PRIVATE,
    ],
)
def test_what_is_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(KeyRefused):
        Verifier.parse(key)


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\nb", "a+b", "a\u00a0b", "a\x00", "a\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(KeyRefused):
        signer(name=name)


@pytest.mark.parametrize(
    "text", ["", "no newline", "a\rb\n", "a\tb\n", "\0\n", "\ud800\n", "x" * MAX_NOTE_BYTES + "\n"]
)
def test_what_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError):
        signer().seal(text)


@pytest.mark.parametrize("text", ["\n", "a\n", "a\n\n", "a\n\nb\n", "— a b\n", "a\n\n— a b\n", "统计\n"])
def test_whatever_is_sealed_opens(text: str) -> None:
    assert signer().verifier.open(signer().seal(text)) == text


def test_a_checkpoint_is_written_as_the_specification_says() -> None:
    note = sign_checkpoint(signer(), 20_852_163, ROOT).decode()
    assert note.startswith(f"{NAME}\n20852163\n{base64.b64encode(ROOT).decode()}\n\n— {NAME} ")
    assert note.count("\n") == 5
    assert open_checkpoint(note.encode(), signer().verifier) == Checkpoint(NAME, 20_852_163, ROOT)


def sealed(*lines: str, name: str = NAME) -> bytes:
    return signer(name=name).seal("".join(f"{line}\n" for line in lines))


ENCODED = base64.b64encode(ROOT).decode()


def test_extension_lines_are_kept() -> None:
    opened = open_checkpoint(sealed(NAME, "0", ENCODED, "more", "and more"), signer().verifier)
    assert opened == Checkpoint(NAME, 0, ROOT, ("more", "and more"))
    assert opened.text == f"{NAME}\n0\n{ENCODED}\nmore\nand more\n"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((NAME, "1"), "malformed"),
        ((NAME, ENCODED), "malformed"),
        (("", "1", ENCODED), "malformed"),
        ((NAME, "", ENCODED), "malformed"),
        ((NAME, "1", ""), "malformed"),
        ((NAME, "1", ENCODED, "", "more"), "malformed"),
        ((NAME, "01", ENCODED), "malformed"),
        ((NAME, "00", ENCODED), "malformed"),
        ((NAME, "+1", ENCODED), "malformed"),
        ((NAME, "-1", ENCODED), "malformed"),
        ((NAME, "1_0", ENCODED), "malformed"),
        ((NAME, " 1", ENCODED), "malformed"),
        ((NAME, "١", ENCODED), "malformed"),
        ((NAME, "0x1", ENCODED), "malformed"),
        ((NAME, str(2**63), ENCODED), "malformed"),
        ((NAME, "9" * 5_000, ENCODED), "malformed"),
        ((NAME, "1", ENCODED[:-1]), "malformed"),
        ((NAME, "1", ENCODED[:-2] + "9="), "malformed"),
        ((NAME, "1", base64.b64encode(ROOT[:31]).decode()), "malformed"),
        ((NAME, "1", base64.b64encode(ROOT + b"x").decode()), "malformed"),
        ((NAME, "1", f"{ENCODED} "), "malformed"),
        (("another.example/audit", "1", ENCODED), "foreign"),
    ],
)
def test_what_is_signed_and_still_no_checkpoint(lines: tuple[str, ...], why: str) -> None:
    with pytest.raises(NoteRefused) as refused:
        open_checkpoint(sealed(*lines), signer().verifier)
    assert refused.value.why == why


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(NAME, -1, ROOT),
        Checkpoint(NAME, 2**63, ROOT),
        Checkpoint(NAME, 1, ROOT[:31]),
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint(NAME, 1, ROOT, ("",)),
        Checkpoint(NAME, 1, ROOT, ("a\nb",)),
    ],
)
def test_what_is_no_checkpoint_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        assert checkpoint.text


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.key"
    mask = os.umask(0)
    try:
        first = Signer.load(path, NAME)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Signer.load(path, NAME).verifier.text == first.verifier.text
    assert [each.name for each in path.parent.iterdir()] == ["audit.key"]
    assert Signer.load(tmp_path / "other.key", NAME).verifier.text != first.verifier.text


def test_all_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def load(_: int) -> str:
        together.wait()
        return Signer.load(tmp_path / "audit.key", NAME).verifier.text

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["audit.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyRefused, match="chmod 600"):
        Signer.load(key_file(tmp_path, PRIVATE, mode), "PeterNeumann")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        PUBLIC,
        PRIVATE.removeprefix("PRIVATE"),
        PRIVATE.replace("c74f20a3", "c74f20a4"),
        PRIVATE[:-4],
        PRIVATE + "\n" + PRIVATE,
    ],
)
def test_a_key_file_without_a_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(KeyRefused, match="does not hold the key") as refused:
        Signer.load(key_file(tmp_path, text), "PeterNeumann")
    assert "AYEKFALV" not in str(refused.value)
    assert (tmp_path / "audit.key").read_text() == text


def test_the_key_of_another_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="another log"):
        Signer.load(key_file(tmp_path, PRIVATE), NAME)


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    target = key_file(tmp_path, PRIVATE)
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "bytes").touch(0o600)
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("link", "nowhere", "folder", "pipe", "bytes"):
        with pytest.raises(KeyRefused):
            Signer.load(tmp_path / name, "PeterNeumann")
    with pytest.raises(KeyRefused, match="cannot be written"):
        Signer.load(target / "audit.key", NAME)
    assert not (tmp_path / "none").exists()
