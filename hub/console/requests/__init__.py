"""Requests for access: a developer asks and follows what became of it, a steward refuses or drafts a rule of it.

Begin with `asking_pages.py` for the developer's pages, and `answering_pages.py` for the steward's.
"""
