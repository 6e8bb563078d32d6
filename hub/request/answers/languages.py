"""Messages and descriptions of the schema in the language that a client asks for.

A Chinese message says in Chinese what happened and what to do, by its code, and then in English what exactly, with the
names of schema and policy, which are English. Descriptions are cut where `schema/interface/languages.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Code, HubError
from schema.interface.languages import CHINESE, in_language

MESSAGES: Mapping[Code, str] = {
    Code.BAD_REQUEST: "请求无法读取，请按提示更正",
    Code.METHOD: "请用 POST 发送查询",
    Code.NOT_ACCEPTABLE: "没有客户端可接受的媒体类型，请更正 Accept",
    Code.TOO_LARGE: "请求过大，请分次查询",
    Code.UNSUPPORTED_MEDIA_TYPE: "请求体的媒体类型不支持，请用 UTF-8 编码的 JSON，不压缩",
    Code.UNAUTHENTICATED: "身份未通过验证，请提供有效令牌",
    Code.PURPOSE_REQUIRED: "请声明访问目的（Access-Purpose）",
    Code.PURPOSE_DENIED: "该访问目的未授权，请向数据管理员申请",
    Code.POLICY_CHANGED: "策略已变更，订阅已结束，请重新订阅",
    Code.CASE_REQUIRED: "该查询须关联办件，请填写 Case-Reference",
    Code.OPERATION_NOT_REGISTERED: "该操作未登记，请先登记并由数据归口部门审核",
    Code.INTROSPECTION_OFF: "本系统不公开模式，请向运维人员索取",
    Code.DAILY_CAP: "今日次数已用完，请明日再试",
    Code.POLICY_UNAVAILABLE: "策略暂不可用，请稍后再试",
    Code.VALIDATION: "查询无效，请按提示更正",
    Code.DEPTH_LIMIT: "查询嵌套过深，请分次查询",
    Code.COST_LIMIT: "查询过大，请分次查询",
    Code.BATCHING_DISABLED: "每个请求只能包含一个操作",
    Code.FIELD_NOT_FILTERABLE: "该字段不能用于筛选、排序或分组",
    Code.BAD_CURSOR: "游标无效，请从第一页重新查询",
    Code.FIELD_DENIED: "该字段未向此目的开放",
    Code.SUPPRESSED: "人数过少的统计值已隐去，请用更粗的分组",
    Code.TIMEOUT: "查询超时，请缩小范围",
    Code.RESULT_LIMIT: "结果过大，请缩小范围",
    Code.GRAPH_UNAVAILABLE: "图数据库暂不可用，请稍后再试",
    Code.AUDIT_UNAVAILABLE: "审计日志暂不可用，未经记录不予答复，请稍后再试",
    Code.CLIENT_GONE: "客户端已断开",
    Code.RATE_LIMIT: "查询用量已达上限，请按 Retry-After 等待后再试",
    Code.TOO_MANY_REQUESTS: "请求过于频繁，请稍后再试",
    Code.OVERLOADED: "系统繁忙，请稍后再试",
    Code.ASKER_DENIED: "无权以其他角色或层级查询可见情况",
    Code.DELEGATION_DENIED: "该应用无权代表其他应用的用户，请向数据管理员申请",
    Code.DELIVERY_DENIED: "无权向此来源推送",
    Code.EVENT_REFUSED: "事件未被接收，请按提示更正",
    Code.EVENT_WAITS: "事件暂不能写入，请稍后重发",
    Code.EVENT_REUSED: "事件编号已用于其他内容",
    Code.PROOF_UNKNOWN: "没有该记录的证明",
    Code.TILE_UNKNOWN: "没有该哈希块",
    Code.INTERNAL: "系统故障，请将请求编号告知运维人员",
}


def message_in(language: str | None, error: HubError) -> str:
    """The message of an error; English where no language is asked for."""
    if language != CHINESE:
        return error.public_message
    return f"{MESSAGES[error.code]}（{error.public_message}）"


def descriptions_in(language: str | None, introspected: Any) -> Any:
    """An introspection result whose descriptions are in one language, if one is asked for."""
    if language is None:
        return introspected
    if isinstance(introspected, dict):
        return {name: descriptions_in(language, each) for name, each in introspected.items()}
    if isinstance(introspected, list):
        return [descriptions_in(language, each) for each in introspected]
    return in_language(language, introspected) if isinstance(introspected, str) else introspected
