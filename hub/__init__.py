"""The running service: answers what an application asks for a purpose, as far as the policy allows, and records it.

`hub` may import every other package; its rooms import downwards only, as the contracts in `pyproject.toml` say:
`cli` and `demo` on top, then `serve.py`, `steward`, `app.py`, then `auditor` and `ingest`, `request`, `graph`, `home`,
and last `sample` with the files of the roof that import no room (`errors.py`, `telemetry.py`, `terminal.py`).
Begin reading at `request/pipeline.py` for a request, and at `serve.py` for how a hub starts.
"""
