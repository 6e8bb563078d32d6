"""The demo: everything set up on one machine, and a tour that checks each answer.

It is above every room but the command line, and may import all of them; only `hub/cli/demo.py` imports it. Begin with
`run.py`, which sets up; `tour.py` asks.
"""
