"""Commands on free text tell counts, kinds and places, and never quote what is personal unless it is their own input.

The group `sluicegate pii`; other files of commands register theirs on `app`.
"""

from __future__ import annotations

import typer

app = typer.Typer(help="Personal information in free text: look again, scan, evaluate (個人信息).", no_args_is_help=True)
