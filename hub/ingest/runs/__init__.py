"""The room of pulls that nobody watches: when one is due (`scheduled_pull.py`), how it stands (`source_status.py`), and
mended rows let in again (`retried_rows.py`)."""
