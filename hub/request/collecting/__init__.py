"""What keeps facts to the purposes that they were collected for: the condition on a node in a statement.

Imports nothing of ours. Begin at `statement.py`.
"""
