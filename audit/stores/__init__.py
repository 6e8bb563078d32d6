"""Where the log is kept: an SQLite file or a PostgreSQL server, with the same tables and the same guarantees.

May import `audit.tree` only. Begin with `base.py` (what both share); `reader.py` reads either, `open.py` chooses by the
address. `sqlite.py` and `postgres.py` append; the files named after them hold the layout and the connection.
"""
