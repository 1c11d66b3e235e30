"""The mail that all of them send: a password reset in Chinese, text and HTML, about 4 KB."""

from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from mailcenter.outbox import Tag
from mailcenter.rendering import Rendered

SUBJECT = "重置您的密码"
LINK = "https://www.example.com/accounts/password/reset/key/4f-not-a-real-key/"
MASKED = "••••"
PARAGRAPHS = (
    "您好，我们收到了重置您的帐号密码的请求。",
    "请在一小时之内打开下面的页面，设置新密码：",
    "%s",
    "链接只能使用一次。过期之后，请在登录页面重新申请。如果打不开，请把整个网址复制到浏览器的地址栏里。",
    "新密码至少要有八个字符，不能全是数字，也不要和其他网站用同一个密码。",
    "如果不是您本人操作，请忽略这封邮件，您的密码不会改变。为了帐号的安全，请不要把这封邮件转发给任何人。",
    "这封邮件由系统自动发出，直接回复没有人会看到。如有疑问，请到网站的帮助页面联系我们。",
)
STYLE = (
    "margin:0 0 16px;padding:0;font-family:-apple-system,'PingFang SC','Microsoft YaHei',"
    "'Noto Sans CJK SC',sans-serif;font-size:16px;line-height:26px;color:#1f2937;text-align:left"
)


def _text(link: str) -> str:
    return "\n\n".join(PARAGRAPHS) % link + "\n"


def _html(link: str) -> str:
    anchor = f'<a href="{link}" style="color:#1d4ed8;word-break:break-all">{link}</a>'
    body = "\n".join(f'<p style="{STYLE}">{paragraph}</p>' for paragraph in PARAGRAPHS) % anchor
    return (
        '<!doctype html>\n<html lang="zh-Hans">\n<head><meta charset="utf-8">'
        f"<title>{SUBJECT}</title></head>\n"
        '<body style="margin:0;padding:32px;background-color:#f3f4f6">\n'
        '<div style="max-width:560px;margin:0 auto;padding:32px;background-color:#ffffff;'
        f'border-radius:8px">\n{body}\n</div>\n</body>\n</html>\n'
    )


REDACTED = Rendered(SUBJECT, _text(MASKED), _html(MASKED))


def letters(count: int) -> list[EmailMultiAlternatives]:
    """One to each of so many people; the outbox knows what kind of mail it is."""
    text, html = _text(LINK), _html(LINK)
    made = []
    for number in range(count):
        letter = EmailMultiAlternatives(SUBJECT, text, to=[f"reader-{number}@sink.test"])
        letter.attach_alternative(html, "text/html")
        letter.mailcenter = Tag(  # type: ignore[attr-defined]
            "password_reset", language="zh-hans", redacted=REDACTED
        )
        made.append(letter)
    return made
