"""How data comes in 数据接入: reads the sources of the departments, checks each row, and hands whole records to a sink.

A row becomes a valid record or an entry in quarantine, and what a pull writes goes in batch by batch with its cursor.
May import `schema`, but neither `policies` nor `hub`: the hub passes in the graph and the text detector, by the
protocols in `base.py`. Begin with `base.py` (the data between the steps), then `run.py` (one pull), `source_model.py`,
`kinds.py` and `manifest.py` (what a source declares), `readers/` (a kind of source a file), `shape.py` and
`transforms.py` (from row to record), and `resolve.py` (which record decides).
`drafts/` guesses what a new source could be.
"""
