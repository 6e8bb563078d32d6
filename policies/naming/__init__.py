"""The names by which a policy calls departments, and that it names no other.

Imports `policies/` and `schema/`; no decision is made here. Begin at `departments.py`.
"""
