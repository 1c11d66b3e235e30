"""Whose words an entry knows: the families of providers, by their names in the presets."""

from __future__ import annotations

from mailcenter.replies.entry import Entry, Words

FAMILIES: dict[str, Words] = {
    "qq": Words(zh="QQ 邮箱、Foxmail", en="QQ Mail, Foxmail"),
    "exmail": Words(zh="腾讯企业邮箱", en="Tencent Exmail"),
    "netease": Words(zh="网易 163、126、yeah.net", en="NetEase 163, 126, yeah.net"),
    "gmail": Words(zh="Gmail", en="Gmail"),
    "outlook": Words(zh="Outlook、Microsoft 365", en="Outlook, Microsoft 365"),
    "aliyun": Words(zh="阿里企业邮箱", en="Alibaba Mail"),
    "directmail": Words(zh="阿里云邮件推送", en="Alibaba Cloud DirectMail"),
    "esp": Words(zh="发信服务（API）", en="delivery services (API)"),
}
ANY_SERVER = Words(zh="任何服务器", en="any server")


def speakers(entry: Entry) -> Words:
    """Whose words these are, for people."""
    labels = [FAMILIES[family] for family in entry.speakers]
    if not labels:
        return ANY_SERVER
    return Words(
        zh="；".join(label.zh for label in labels), en="; ".join(label.en for label in labels)
    )
