"""What an auditor reads of the log: proofs, the public pages under `/audit`, search terms, and records as tables.

Nothing here changes a record. It may import `request`, `graph` and `home`, and the package `audit`; the console and
the command line are above it. Begin with `proofs.py`.
"""
