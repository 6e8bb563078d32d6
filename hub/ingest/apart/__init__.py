"""The room of work on a source that a hub gives to a process of its own (`process.py`), and what that does (`work.py`).

A source that hangs, or a pull that needs the processor for minutes, holds up nothing of the hub.
"""
