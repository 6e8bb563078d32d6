"""The room of pulls that nobody watches: one source at a time (`lease.py`, `source_runs.py`), when it is due
(`scheduled_pull.py`), how it stands (`source_status.py`), and mended rows let in again (`retried_rows.py`)."""
