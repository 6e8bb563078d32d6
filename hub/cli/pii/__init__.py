"""The group `sluicegate pii`: personal information in free text, a command a file.

It is a part of `hub/cli/` and may import what that may, `hub/cli/options.py` included. Begin reading with `group.py`.
"""
