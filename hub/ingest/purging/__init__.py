"""The room of purges: what was collected for a purpose that has ended is removed from the graph, and reported.

Begin with `recorded_purge.py`, then `purge.py` (what is removed in which order) and `batch.py` (one transaction of it).
"""
