"""Where the log is kept: an SQLite file or a PostgreSQL server, with the same tables and the same guarantees.

May import `audit.tree` and `audit.durable_files`. Begin with `base.py` (what both stores share); `reader.py` reads
either, `open.py` chooses by the address. `sqlite.py` and `postgres.py` append; `sqlite_file.py`, `postgres_schema.py`
and `postgres_session.py` hold the layout and the connection.
"""
