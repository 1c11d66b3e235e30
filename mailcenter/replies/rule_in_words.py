"""What happens by itself after a reply, in a sentence."""

from __future__ import annotations

from mailcenter.replies.entry import Entry, Words

MINUTE, HOUR = 60, 3600


def rule(entry: Entry) -> Words:
    """Whether and when the mail is tried again, and whether the account rests meanwhile."""
    if entry.uncertain:
        return Words(
            zh="记为“结果不明”：能查就先查“已发送”文件夹；注册、找回密码一类的邮件最多补发一次，"
            "其余等人决定。",
            en="Marked as uncertain: the Sent folder is looked into where there is one; sign-up "
            "and reset mails are sent once more at most, others wait for a person.",
        )
    if entry.account_wide:
        return _pause(entry)
    if not entry.retry:
        return Words(
            zh="不会自动重试；处理好后请重发。",
            en="Not tried again by itself; resend it once the cause is put right.",
        )
    when = _when(entry)
    if entry.max_attempts is None:
        return Words(zh=f"{when.zh}。", en=f"{when.en}.")
    return Words(
        zh=f"{when.zh}，最多 {entry.max_attempts} 次。",
        en=f"{when.en}, {entry.max_attempts} times at most.",
    )


def _pause(entry: Entry) -> Words:
    if entry.until_tomorrow:
        return Words(
            zh="账号暂停到次日零点（北京时间），邮件留在队列里，之后自动重试。",
            en="The account pauses until midnight, Beijing time; the mail stays queued and is "
            "tried again afterwards.",
        )
    wait = _duration(entry.after or 0)
    if entry.retry:
        return Words(
            zh=f"账号暂停 {wait.zh}，邮件留在队列里，之后自动重试。",
            en=f"The account pauses for {wait.en}; the mail stays queued and is tried again "
            "afterwards.",
        )
    return Words(
        zh=f"账号暂停，邮件留在队列里，改好设置后发出；其间至少隔 {wait.zh}才试一次。",
        en="The account pauses and the mail stays queued until the settings are put right; "
        f"meanwhile it is tried after {wait.en} at the earliest.",
    )


def _when(entry: Entry) -> Words:
    if entry.until_tomorrow:
        return Words(
            zh="次日零点（北京时间）过后自动重试", en="Tried again after midnight, Beijing time"
        )
    if entry.after is None:
        return Words(zh="自动重试，间隔逐渐拉长", en="Tried again at growing intervals")
    if entry.after == 0:
        return Words(zh="马上自动重试", en="Tried again very soon")
    wait = _duration(entry.after)
    return Words(
        zh=f"自动重试，至少等 {wait.zh}", en=f"Tried again, after {wait.en} at the earliest"
    )


def _duration(seconds: int) -> Words:
    if seconds % HOUR == 0:
        hours = seconds // HOUR
        return Words(zh=f"{hours} 小时", en="1 hour" if hours == 1 else f"{hours} hours")
    minutes = seconds // MINUTE
    return Words(zh=f"{minutes} 分钟", en="1 minute" if minutes == 1 else f"{minutes} minutes")
