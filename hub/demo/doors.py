"""The way into the console for each person of the demo: where to begin, whom to choose, and what to do first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.box import SIMPLE
from rich.table import Table

from hub.home.settings import Settings
from policies.stewards import Role, Steward

FIRST_PAGES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.STEWARD: ("matrix", "see who may see what 查看授权矩阵"),
    Role.APPROVER: ("versions", "approve what another drafted 审批他人起草的版本"),
    Role.AUDITOR: ("log", "find what the tour asked for 检索审计日志"),
    Role.OPERATOR: ("sources", "see what waits in a source 查看数据来源"),
    Role.DEVELOPER: ("developer/query", "ask a query for a purpose 按目的试查询"),
}
"""By role: the page below `/console/` at which its people begin, and what they do there first."""


def doors_table(settings: Settings, stewards: Iterable[Steward]) -> Table:
    """A line for each person who can sign in, and for residents: roles, account, address, what to do first."""
    table = Table(
        title="The console 控制台: open a link and choose the account there", box=SIMPLE, title_justify="left"
    )
    for name in ("role 角色", "account 账号", "link 地址", "begin with 先做什么"):
        table.add_column(name, no_wrap=name.startswith("link"))
    begun: set[Role] = set()
    for each in stewards:
        if each.subject and each.roles:
            # Of two people with the same roles the first drafts, and the second approves.
            role = next((role for role in each.roles if role not in begun), each.roles[0])
            begun.add(role)
            path, first = FIRST_PAGES[role]
            link = f"http://{settings.host}:{settings.port}/console/{path}"
            table.add_row(", ".join(each.roles), each.account, link, first)
    own = f"http://{settings.host}:{settings.port}/console/my-data"
    table.add_row("resident 居民", "qi", own, "see who saw your data 查看谁看过本人信息")
    return table
