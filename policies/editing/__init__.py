"""Rewrites one rule of a policy file in its text, and finds since when a rule stands as it does.

Pure: files come in as bytes and go out as bytes. Begin with `rules.py`.
"""
