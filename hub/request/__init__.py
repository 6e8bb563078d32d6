"""The stages that answer one GraphQL request, from reading it to recording it in the audit log.

May import `hub.home`, `hub.graph` and the roof below them (`hub.errors`, `hub.telemetry`), `audit`, `policies` and
`schema`; it knows nothing of the rooms above it (`ingest`, `auditor`, `steward`, `cli`, `demo`).
Begin reading at `pipeline.py`, which lists the stages in order; each stage is one file.
"""
