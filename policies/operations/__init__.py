"""Registered operations: GraphQL documents that an application asks by their id, each for one purpose, and reviewed.

Imports only `schema`. Begin with `registered.py`; `document.py` says which documents may be registered.
"""
