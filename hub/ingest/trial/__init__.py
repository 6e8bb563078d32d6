"""Sources looked at before they are pulled: drafts of new ones, and what a pull would make of the first rows.

Nothing here writes to the graph, the log or the home. It may import what `hub.ingest` may, and `hub.ingest` itself.
Begin with `dry_run.py`; `drafting.py` writes the drafts that `connectors/drafts/` guesses.
"""
