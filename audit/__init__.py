"""The audit log 审计日志: records, the append-only log that keeps them, the tree that proves it, search and export.

No answer leaves the hub before its record is on the disk. May import nothing of ours (neither `schema` nor `hub`).
Begin with `log.py` (append and read), then `record.py` (what is recorded), `stores/` (where it is kept), `publish.py`
(checkpoints), `verify.py` (the check of a whole log), `search.py` and `export.py`. The tree is in `tree.py`, `proof.py`
and `tiles.py`, signatures are in `note.py` and `checkpoint.py`.
"""
