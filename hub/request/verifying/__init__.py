"""Verification: whether the values by which a person is named in full agree, and the part of the statement that says.

Begin with `root.py`. It may import `hub/request/`, `policies/` and `schema/`.
"""
