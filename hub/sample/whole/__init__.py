"""The other seven registers of the invented county, written by `sluicegate sample --whole`.

This room imports the files of `hub/sample/` below `generate.py`, and nothing else of ours. Begin with `write.py`;
`defects.py` says what is wrong on purpose, and what a pull should make of it. docs/sample-county.md is the
specification.
"""
