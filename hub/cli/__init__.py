"""The command line `sluicegate`: one file for each group of commands, and nothing else.

A command reads its arguments, calls the room that does the work, and prints. It may import every other room of the hub;
no room imports it. Begin with `main.py`, which lists the commands in the order of `sluicegate --help`; `options.py` has
the options that they share and the one way in which a command refuses.
"""
