"""Every Django mail call ends in rows, under Django's own contract."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.mime.image import MIMEImage
from email.mime.text import MIMEText

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail import BadHeaderError, EmailMessage, EmailMultiAlternatives
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from mailcenter import addresses, sealing
from mailcenter.backend import OutboxBackend
from mailcenter.exceptions import ConfigurationError, RefusedMessage
from mailcenter.models import Content, Message, Recipient
from mailcenter.outbox import Tag

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _outbox(settings):
    settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"


def raw(message: Message) -> bytes:
    return sealing.unseal(bytes(message.content.sealed))


def parsed(message: Message) -> Parsed:
    return message_from_bytes(raw(message), policy=policy.default)  # type: ignore[return-value]


def only() -> Message:
    return Message.objects.get()


def test_one_recipient_costs_few_statements_and_finds_its_user():
    user = get_user_model().objects.create_user("reader", "Reader@Example.com")
    with CaptureQueriesContext(connection) as queries:
        assert mail.send_mail("subject", "text", None, ["reader@example.com"]) == 1
    assert len(queries) == (1 if connection.vendor == "postgresql" else 3)
    assert only().user == user


def test_a_roll_back_takes_the_mail_with_it():
    with transaction.atomic():
        mail.send_mail("subject", "text", None, ["a@example.com"])
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_the_bytes_are_seven_bit_with_crlf_and_carry_everything():
    message = EmailMultiAlternatives(
        subject=gettext_lazy("验证您的邮箱"),
        body="正文，第一行\n第二行",
        from_email="小站 <site@practice.test>",
        to=["张三 <a@example.com>", "b@例子.测试"],
        cc=["c@example.com"],
        bcc=["hidden@example.com"],
        reply_to=["答复 <answer@example.com>"],
        headers={"X-Trace": "42", "Bcc": "hidden@example.com"},
    )
    message.attach_alternative("<p>正文 <img src='cid:logo'></p>", "text/html")
    message.attach("报告 é.txt", "内容", "text/plain")
    image = MIMEImage(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "png")
    image.add_header("Content-ID", "<logo>")
    message.attach(image)
    assert message.send() == 1

    row = only()
    wire = raw(row)
    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert b"hidden@example.com" not in wire
    seen = parsed(row)
    assert seen["Subject"] == "验证您的邮箱"
    assert seen["From"].addresses[0].addr_spec == "site@practice.test"
    assert seen["From"].addresses[0].display_name == "小站"
    assert seen["To"].addresses[0].addr_spec == "a@example.com"
    assert "b@xn--fsqu00a.xn--0zwm56d" in wire.decode()
    assert seen["Cc"] == "c@example.com"
    assert seen["Reply-To"].addresses[0].addr_spec == "answer@example.com"
    assert seen["X-Trace"] == "42"
    assert seen.get_body(("plain",)).get_content().splitlines() == ["正文，第一行", "第二行"]
    assert "cid:logo" in seen.get_body(("html",)).get_content()
    names = [part.get_filename() for part in seen.walk() if part.get_filename()]
    assert names == ["报告 é.txt"]
    assert any(part["Content-ID"] == "<logo>" for part in seen.walk())
    assert set(row.recipients.values_list("role", "address")) == {
        ("to", "a@example.com"),
        ("to", "b@xn--fsqu00a.xn--0zwm56d"),
        ("cc", "c@example.com"),
        ("bcc", "hidden@example.com"),
    }
    assert row.message_id == seen["Message-ID"]
    assert row.message_id.endswith("@practice.test>")
    assert row.size_bytes == len(wire)


def test_the_from_header_is_one_that_qq_takes():
    mail.send_mail("s", "t", "我的小站，欢迎 <site@practice.test>", ["a@example.com"])
    (line,) = [part for part in raw(only()).split(b"\r\n") if part.startswith(b"From:")]
    assert line.startswith(b"From: =?utf-8?b?")
    assert line.endswith(b"?= <site@practice.test>")


def test_a_given_message_id_is_kept():
    EmailMessage("s", "t", None, ["a@example.com"], headers={"message-id": "<mine@x.org>"}).send()
    assert only().message_id == parsed(only())["Message-ID"] == "<mine@x.org>"


def test_another_sender_is_rewritten_and_becomes_reply_to():
    mail.send_mail("s", "t", "Support <support@example.com>", ["a@example.com"])
    row = only()
    assert row.from_email == "Support <site@practice.test>"
    assert row.requested_from == "Support <support@example.com>"
    assert parsed(row)["From"] == "Support <site@practice.test>"
    assert parsed(row)["Reply-To"] == "Support <support@example.com>"


def test_a_sender_that_nobody_can_answer_is_not_offered_for_replies():
    mail.send_mail("s", "t", "webmaster@localhost", ["a@example.com"])
    assert only().from_email == "site@practice.test"
    assert only().requested_from == "webmaster@localhost"
    assert parsed(only())["Reply-To"] is None


def test_a_reply_to_of_ones_own_is_kept():
    EmailMessage("s", "t", "x@example.com", ["a@b.org"], reply_to=["r@example.com"]).send()
    assert parsed(only())["Reply-To"] == "r@example.com"


def test_send_mass_mail_and_connections_count_as_in_django():
    many = [(f"s{n}", "t", None, ["a@example.com"]) for n in range(3)]
    assert mail.send_mass_mail(many) == 3
    assert Message.objects.count() == 3
    with mail.get_connection() as open_connection:
        assert open_connection.send_messages([]) == 0
        assert open_connection.send_messages([EmailMessage("s", "t")]) == 0
    assert EmailMessage("s", "t", None, []).send() == 0


def test_mail_admins_is_kept_as_a_system_mail(settings):
    settings.ADMINS = [("Root", "root@example.com")]
    settings.EMAIL_SUBJECT_PREFIX = "[site] "
    mail.mail_admins("down", "text", html_message="<b>text</b>")
    assert only().kind == "system"
    assert only().subject == "[site] down"


def test_django_6_1_names_the_backend_by_an_alias():
    backend = OutboxBackend(alias="default")
    assert backend.alias == "default"
    assert backend.send_messages([EmailMessage("s", "t", None, ["a@example.com"])]) == 1


def test_nothing_of_a_batch_is_kept_when_one_is_refused():
    good = EmailMessage("s", "t", None, ["a@example.com"])
    bad = EmailMessage("s", "t", None, ["not an address"])
    with pytest.raises(RefusedMessage):
        mail.get_connection().send_messages([good, bad])
    assert not Message.objects.exists()


def test_fail_silently_keeps_what_it_can_and_logs_the_rest(caplog):
    good = EmailMessage("s", "t", None, ["a@example.com"])
    bad = EmailMessage("s", "t", None, ["not an address"])
    assert mail.get_connection(fail_silently=True).send_messages([bad, good]) == 1
    assert "not an address" in caplog.text
    assert only().subject == "s"


def test_untagged_mail_is_closed_in_the_log():
    message = EmailMultiAlternatives("s", "secret-in-text", None, ["a@example.com"])
    message.attach_alternative("<b>secret-in-html</b>", "text/html")
    message.send()
    content = Content.objects.get()
    assert content.redacted["text"] == content.redacted["html"] == ""
    assert "secret-in" not in str(content.redacted)
    assert b"secret-in" not in bytes(content.sealed)
    assert ["To", "a@example.com"] in content.redacted["headers"]


BAD = {
    "address": {"to": ["broken@"]},
    "two addresses in one": {"to": ["a@example.com, b@example.com"]},
    "letters beyond ASCII before the @": {"to": ["用户@example.com"]},
    "newline in an address": {"to": ["a@example.com\nBcc: x@example.com"]},
    "NUL in an address": {"to": ["a\0@example.com"]},
    "newline in the subject": {"subject": "one\ntwo"},
    "NUL in the subject": {"subject": "one\0two"},
    "long subject": {"subject": "x" * 10_000},
    "NUL in the body": {"body": "one\0two"},
    "lone surrogate": {"body": "\ud800"},
    "newline in the sender": {"from_email": "a@example.com\nBcc: x@example.com"},
    "NUL in the sender": {"from_email": "a\0@example.com"},
    "newline in a header": {"headers": {"X-A": "one\ntwo"}},
    "newline in a header's name": {"headers": {"X-A\nBcc": "x@example.com"}},
    "NUL in a header": {"headers": {"X-A": "one\0two"}},
    "header without a name": {"headers": {"": "x"}},
    "newline in reply-to": {"reply_to": ["a@example.com\nx: y"]},
    "newline in an attachment's name": {"attachments": [("a\nb.txt", "x", "text/plain")]},
    "NUL in an attachment's name": {"attachments": [("a\0b.txt", "x", "text/plain")]},
    "newline in a binary's name": {"attachments": [("a\nb.bin", b"x", None)]},
    "newline in an attachment's type": {"attachments": [("a", b"x", "application/x\r\nX: y")]},
    "NUL in an attachment's type": {"attachments": [("a", b"x", "application/x\0y")]},
    "NUL in an encoded word": {"subject": "=?utf-8?q?a=00b?="},
    "NUL in an encoded name": {"from_email": "=?utf-8?q?a=00b?= <site@practice.test>"},
    "NUL in the encoding": {"encoding": "utf\0-8"},
    "overlong word in the subject": {"subject": "x" * 998},
    "overlong word in a header": {"headers": {"X-A": "x" * 2000}},
    "overlong name of an attachment": {"attachments": [("报告" * 60, b"x", None)]},
    "overlong name": {"from_email": f"{'x' * 1200} <site@practice.test>"},
    "overlong sender": {"from_email": f"{'x' * 1200} <else@example.com>"},
    "overlong Message-ID": {"headers": {"Message-ID": f"<{'x' * 1200}@example.com>"}},
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_sentence_and_stores_nothing(arguments):
    arguments = {"subject": "s", "body": "t", "to": ["a@example.com"], **arguments}
    encoding = arguments.pop("encoding", None)
    message = EmailMessage(**arguments)
    message.encoding = encoding
    with pytest.raises((RefusedMessage, BadHeaderError)) as refused:
        message.send()
    assert str(refused.value).strip()
    assert "\n" not in str(refused.value)
    assert not Message.objects.exists()
    assert not Recipient.objects.exists()


@pytest.mark.parametrize("name", ["a\nb.bin", "a\r\nX-Evil: 1b.bin", "a\0b"])
def test_a_refused_mime_part_is_silent_where_django_is(name, caplog):
    message = EmailMessage("s", "t", None, ["a@example.com"], attachments=[(name, b"x", None)])
    assert message.send(fail_silently=True) == 0
    assert caplog.text


def test_a_subtype_holds_no_line_break():
    message = EmailMultiAlternatives("s", "t", None, ["a@example.com"])
    message.attach_alternative("x", "text/html\r\nX-Evil: 1")
    with pytest.raises(RefusedMessage):
        message.send()
    html = EmailMessage("s", "t", None, ["a@example.com"])
    html.content_subtype = "html\r\nX-Evil: 1"
    with pytest.raises(RefusedMessage):
        html.send()


def test_a_text_that_its_encoding_cant_hold_is_named_so():
    message = EmailMessage("s", "中文", None, ["a@example.com"])
    message.encoding = "us-ascii"
    with pytest.raises(RefusedMessage, match="us-ascii"):
        message.send()
    message.encoding = "no-such-encoding"
    with pytest.raises(RefusedMessage, match="no-such-encoding"):
        message.send()


@pytest.mark.parametrize("charset", ["", "; charset=gb2312", "; charset=foo-bar"])
def test_a_forwarded_mail_in_eight_bits_travels_whole(charset):
    inner = f"Subject: x\r\nContent-Type: text/plain{charset}\r\n\r\n".encode()
    inner += "镕 forwarded".encode("gbk")
    message = EmailMessage("s", "t", None, ["a@example.com"])
    message.attach("old.eml", message_from_bytes(inner), "message/rfc822")
    assert message.send() == 1
    wire = raw(only())
    assert wire.isascii()
    (part,) = [p for p in message_from_bytes(wire).walk() if p["Subject"] == "x"]
    assert part.get_payload(decode=True) == "镕 forwarded".encode("gbk")


def test_no_line_is_longer_than_a_server_takes():
    message = EmailMessage("s", "x" * 3000, None, ["a@example.com"])
    message.encoding = "us-ascii"
    message.send()
    assert max(map(len, raw(only()).split(b"\r\n"))) <= 998


def test_one_mailbox_is_one_recipient():
    mail.send_mail("s", "t", None, ["a@Example.COM", "a@example.com"])
    assert only().recipients.get().address == "a@example.com"


def test_the_row_names_the_message_id_that_is_in_the_bytes():
    class Own(EmailMessage):
        def message(self):
            rendered = super().message()
            del rendered["Message-ID"]
            rendered["Message-ID"] = "<other@example.com>"
            return rendered

    Own("s", "t", None, ["a@example.com"]).send()
    assert only().message_id == parsed(only())["Message-ID"] == "<other@example.com>"


def test_the_accounts_own_spelling_is_used():
    mail.send_mail("s", "t", "Me <SITE@Practice.test>", ["a@example.com"])
    assert only().from_email == "Me <site@practice.test>"
    assert not only().requested_from


@pytest.mark.parametrize("name", ["Acme, Inc.", "客服, 部", "a@b", 'say "hi"', "x < y", "A;B: C"])
def test_a_sites_name_may_hold_any_punctuation(settings, name):
    account = {**settings.MAILCENTER["ACCOUNT"], "FROM_NAME": name}
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": account}
    mail.send_mail("s", "t", "webmaster@localhost", ["a@example.com"])
    (sender,) = parsed(only())["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "site@practice.test")


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=60))
def test_what_is_displayed_can_be_read_back(name):
    name = " ".join(name.split())
    shown = addresses.display(name, "a@example.com")
    assert addresses.split(shown) == (addresses.decoded(name), "a@example.com")


def test_a_long_chinese_name_begins_on_the_first_line():
    name = "非常非常长的中文站点名称也要放得下才行呢" * 2
    mail.send_mail("s", "t", f"{name} <site@practice.test>", ["a@example.com"])
    assert b"\r\nFrom: =?utf-8?b?" in raw(only())
    # Not by the modern parser, which (in 3.11) puts a space between two encoded words.
    assert addresses.split(message_from_bytes(raw(only()))["From"])[0] == name


def test_a_mail_over_the_providers_limit_is_refused_with_both_figures(settings):
    account = {"PROVIDER": "gmail", "ADDRESS": "me@gmail.com", "PASSWORD": "abcdefghijklmnop"}
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": account}
    message = EmailMessage("s", "t", None, ["a@example.com"])
    message.attach("big.bin", b"\x7f" * 30_000_000, "application/octet-stream")
    with pytest.raises(RefusedMessage, match=r"41\.\d MB.*35\.9 MB"):
        message.send()
    assert not Message.objects.exists()


@pytest.mark.parametrize("attribute", ["metadata", "tags", "esp_extra", "merge_data"])
def test_anymail_attributes_are_refused_by_name(attribute):
    message = EmailMessage("s", "t", None, ["a@example.com"])
    setattr(message, attribute, {"a": 1})
    with pytest.raises(RefusedMessage, match=attribute):
        message.send()


def test_an_unknown_provider_is_named(settings):
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": {"PROVIDER": "qqq"}}
    with pytest.raises(ConfigurationError, match="qqq"):
        mail.send_mail("s", "t", None, ["a@example.com"])


def test_the_callers_message_is_left_as_it_was():
    message = EmailMessage("s", "t", "x@example.com", ["a@example.com"], headers={"X-A": "1"})
    message.send()
    assert message.extra_headers == {"X-A": "1"}
    assert message.from_email == "x@example.com"
    assert message.reply_to == []
    message.send()
    first, second = Message.objects.order_by("pk")
    assert first.message_id != second.message_id


def test_an_attachment_given_as_an_object_is_left_as_it_was():
    attachment = MIMEText("x" * 2000, "plain", "us-ascii")
    before = attachment.as_bytes()
    message = EmailMessage("s", "t", None, ["a@example.com"], attachments=[attachment])
    message.send()
    assert attachment.as_bytes() == before
    assert b"x" * 999 not in raw(only())


def test_an_address_is_no_pattern_for_the_look_up_of_its_user():
    users = get_user_model().objects
    users.create_user("wrong", "axb@example.com")
    mail.send_mail("s", "t", None, ["a_b@example.com"])
    assert only().user is None
    user = users.create_user("right", "a_b@example.com")
    mail.send_mail("s", "t", None, ["A_B@example.com"])
    assert Message.objects.latest("pk").user == user


def test_a_form_feed_does_not_hide_a_line_that_is_too_long():
    EmailMessage("s", "x" * 600 + "\f" + "x" * 600, None, ["a@example.com"]).send()
    assert max(map(len, raw(only()).split(b"\r\n"))) <= 998


def test_a_kind_with_secrets_must_say_what_the_log_may_show():
    message = EmailMessage("s", "t", None, ["a@example.com"])
    message.mailcenter = Tag("password_reset")
    with pytest.raises(ValueError, match="password_reset"):
        message.send()
    # The caller's transaction can go on.
    assert mail.send_mail("s", "t", None, ["a@example.com"]) == 1


def test_many_mails_ring_once(django_capture_on_commit_callbacks):
    many = [(f"s{n}", "t", None, ["a@example.com"]) for n in range(3)]
    with django_capture_on_commit_callbacks() as rings:
        mail.send_mass_mail(many)
    assert len(rings) == 1
