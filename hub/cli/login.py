"""The commands `sluicegate login` and `sluicegate logout`: who acts at this home.

The sign-in is at the OpenID provider, in any browser; the command shows a code and waits. What it keeps is a session of
an hour, in a file that only its owner can read.
"""

from __future__ import annotations

import typer

from hub.cli.options import Home, exit_on_refusal, open_settings

app = typer.Typer()


@app.command(epilog="Example: sluicegate login")
def login(home: Home = None) -> None:
    """Sign in for an hour, at your OpenID provider (登录).

    Changing a policy, reading the log and previews need it. The page that is shown may be opened on another machine.
    """
    with exit_on_refusal():
        from hub.home.session import issuer_of, keep_session
        from hub.home.sign_in import await_token, begin, discover
        from hub.terminal import escape_unprintable

        settings = open_settings(home)
        provider = discover(issuer_of(settings))
        code = begin(provider, settings.sign_in_client)
        typer.echo(f"open {escape_unprintable(code.whole_page or code.page)}")
        typer.echo(f"and confirm the code {escape_unprintable(code.user_code)}")
        identity = keep_session(settings, await_token(provider, settings.sign_in_client, code))
        typer.echo(f"signed in as {escape_unprintable(identity.subject)} for an hour; to end it: sluicegate logout")


@app.command(epilog="Example: sluicegate logout")
def logout(home: Home = None) -> None:
    """Forget who is signed in (退出登录)."""
    with exit_on_refusal():
        from hub.home.session import end_session

        typer.echo("signed out" if end_session(open_settings(home)) else "nobody was signed in")
