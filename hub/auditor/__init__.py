"""What an auditor reads of the log: proofs, the public pages under `/audit`, search terms, and records as tables.

Nothing here changes a record. It may import the rooms `request` and `home`, and every package; the command line
is above it. Begin with `pages.py`.
"""
