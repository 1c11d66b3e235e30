"""Where an entry's reply is described or was seen, in both languages."""

from __future__ import annotations

import re

from mailcenter.replies.entry import Entry, Words

RFC = re.compile(r"RFC ([0-9, and]+?)(?: sections? (.+))?")
# "gomail#209": a thread there.
THREAD = re.compile(r"[\w./-]+#\d+")
IN_CHINESE = {
    "Alibaba Cloud DirectMail, API error codes": "阿里云邮件推送的 API 错误码",
    "Alibaba Cloud DirectMail, SMTP replies (document 44499)": "阿里云邮件推送的 SMTP 返回码"
    "（文档 44499）",
    "Alibaba Cloud DirectMail, return codes": "阿里云邮件推送的退信代码",
    "Alibaba Mail's and Sina's lists of refusals": "阿里邮箱和新浪的退信代码表",
    "Alibaba Mail, list of refusals": "阿里邮箱的退信代码表",
    "Google Workspace SMTP error list": "Google Workspace 的 SMTP 错误列表",
    "IANA, enhanced status codes": "IANA 的增强状态码表",
    "Mailgun and Resend, API errors": "Mailgun 和 Resend 的 API 错误码",
    "Mailgun, Postmark and SendGrid, API errors": "Mailgun、Postmark 和 SendGrid 的 API 错误码",
    "Microsoft, non-delivery reports in Exchange Online": "微软 Exchange Online 的未送达报告",
    "NetEase's list of refusals": "网易的退信代码表",
    "NetEase's, Tencent's and Alibaba Cloud's lists of refusals": "网易、腾讯和阿里云的退信代码表",
    "Postal, API errors": "Postal 的 API 错误码",
    "Postfix and qmail": "Postfix 和 qmail",
    "Postmark, API error 300": "Postmark 的 API 错误码 300",
    "SendGrid, v3 API errors": "SendGrid v3 的 API 错误码",
    "Tencent help 108/1023": "腾讯帮助 108/1023",
    "Tencent help 124/995": "腾讯帮助 124/995",
    "Tencent's and NetEase's lists of refusals": "腾讯和网易的退信代码表",
    "Tencent's list of refusals": "腾讯的退信代码表",
    "django-anymail, ESP send status": "django-anymail 文档：发送状态",
    "django-anymail, installation": "django-anymail 文档：安装",
    "django-anymail, unsupported features": "django-anymail 文档：不支持的功能",
    "manual of qqmail-mcp-tool": "qqmail-mcp-tool 的说明书",
    "public logs": "公开的日志",
}


def source(entry: Entry) -> Words:
    """What ``Entry.source`` says."""
    zh = "；".join(_in_chinese(part) for part in entry.source.split("; "))
    return Words(zh=zh, en=entry.source)


def _in_chinese(part: str) -> str:
    """A program's name and its own words stay as they are."""
    if rfc := RFC.fullmatch(part):
        numbers, sections = (_listed(group or "") for group in rfc.groups())
        return f"RFC {numbers} 第 {sections} 节" if sections else f"RFC {numbers}"
    return IN_CHINESE.get(part, part)


def _listed(words: str) -> str:
    return re.sub(r", and |, | and ", "、", words)
