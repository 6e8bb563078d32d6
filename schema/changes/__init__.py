"""What changed between two catalogues: for clients, and for the graph that was loaded for the earlier one.

It may import `schema/` and nothing else of ours. Begin reading with `differences.py`.
"""
