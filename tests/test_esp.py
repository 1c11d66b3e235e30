"""Mail through a delivery service's API, by Anymail's own backends."""

from __future__ import annotations

import base64
import email
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from typing import Any

import pytest
from anymail.exceptions import AnymailCancelSend
from anymail.signals import post_send, pre_send
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.management import call_command
from django.utils import timezone

from mailcenter.exceptions import LeaseLost, TransportError
from mailcenter.freezing import freeze
from mailcenter.models import Message
from mailcenter.replies import Failure, Reply, Stage, classify
from mailcenter.transports import Envelope, Receipt, Transport, esp, open_transport
from tests.esp_server import ADDRESS, HANG_UP, KEY, SILENCE, EspServer, account

SERVICES = ("postmark", "mailgun")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
LINK = "https://site.example.test/reset/abc-123456/"
OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "id-1", "To": "a@example.com"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


def ignore(stage: Stage) -> None:
    pass


def frozen(message: EmailMessage) -> tuple[Envelope, bytes]:
    mail = freeze(message, account("mailgun"))
    assert mail
    return Envelope(ADDRESS, tuple(mail.recipients)), mail.raw


def mail(*to: str, **more: Any) -> tuple[Envelope, bytes]:
    to = to or ("a@example.com",)
    return frozen(EmailMessage("Subject", f"Go to {LINK}", ADDRESS, list(to), **more))


@contextmanager
def transport_to(server: EspServer, settings: Any, service: str) -> Iterator[Transport]:
    settings.ANYMAIL = server.settings()
    transport = open_transport(account(service))
    try:
        yield transport
    finally:
        transport.close()


def send(server: EspServer, settings: Any, service: str, *parts: Any) -> Receipt:
    with transport_to(server, settings, service) as transport:
        return transport.send(*(parts or mail()), ignore)


def refusal(server: EspServer, settings: Any, service: str, *parts: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        send(server, settings, service, *parts)
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def slug(error: TransportError) -> str:
    return classify(
        error.reply, stage=error.stage, provider="esp", maybe_accepted=error.maybe_accepted
    ).slug


# Accepted


@pytest.mark.parametrize(
    ("service", "words", "identity"),
    [
        ("postmark", "sent: OK", "postmark-1"),
        ("mailgun", "queued: Queued. Thank you.", "<1@mailgun.test>"),
    ],
)
def test_an_accepted_mail_keeps_status_id_and_recipients(settings, service, words, identity):
    stages: list[Stage] = []
    with EspServer() as server, transport_to(server, settings, service) as transport:
        receipt = transport.send(*mail("a@example.com", "b@example.com"), stages.append)
    assert (receipt.reply.code, receipt.reply.text) == (200, words)
    assert receipt.remote_id == identity
    word = words.partition(":")[0]
    assert receipt.recipients == {
        "a@example.com": Reply(200, word),
        "b@example.com": Reply(200, word),
    }
    assert stages == [Stage.CONNECT, Stage.BODY]
    assert receipt.transcript.peer == f"127.0.0.1:{server.port}"
    (step,) = receipt.transcript.dialogue
    assert (step["verb"], step["code"], step["text"]) == ("POST", 200, words)
    assert step["ms"] >= 0


def test_names_subject_and_text_may_be_chinese(settings):
    message = EmailMessage(
        "验证您的邮箱：请在一小时内完成，过期之后需要重新申请一封新的验证邮件",
        "您好！\n请点击链接。\n",
        "站点，客服 <site@example.test>",
        ['"张三, 李" <a@example.com>'],
        cc=["王五 <c@例子.example>"],
        reply_to=["客服 <help@example.test>"],
        headers={"List-Unsubscribe": "<https://site.example.test/u>", "X-Note": "备注"},
    )
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    (posted,) = server.posted
    fields = posted.fields
    assert fields["Subject"] == message.subject
    assert fields["TextBody"] == message.body
    assert fields["From"] in ("站点，客服 <site@example.test>", '"站点，客服" <site@example.test>')
    assert fields["To"] == '"张三, 李" <a@example.com>'
    assert fields["Cc"] == "王五 <c@xn--fsqu00a.example>"
    assert fields["ReplyTo"] == "客服 <help@example.test>"
    headers = {header["Name"]: header["Value"] for header in fields["Headers"]}
    assert headers.pop("Message-ID").endswith("@example.test>")
    assert headers == {"List-Unsubscribe": "<https://site.example.test/u>", "X-Note": "备注"}


def test_the_frozen_message_id_is_kept(settings):
    envelope, raw = mail(headers={"Message-ID": "<mine@example.test>", "In-Reply-To": "<x@y>"})
    with EspServer() as server:
        send(server, settings, "mailgun", envelope, raw)
    fields = server.posted[0].fields
    assert fields["h:Message-Id"] == ["<mine@example.test>"]
    assert fields["h:In-Reply-To"] == ["<x@y>"]
    assert not {name for name in fields if name.lower() in ("h:date", "h:mime-version")}


def test_bcc_stays_out_of_what_readers_see(settings):
    with EspServer() as server:
        receipt = send(
            server, settings, "mailgun", *mail(cc=["c@example.com"], bcc=["secret@example.com"])
        )
    fields = server.posted[0].fields
    assert fields.pop("bcc") == ["secret@example.com"]
    assert (fields["to"], fields["cc"]) == (["a@example.com"], ["c@example.com"])
    assert "secret@example.com" not in str(fields)
    assert receipt.recipients["secret@example.com"].positive


@pytest.mark.parametrize("left", ["a@example.com", "c@example.com", "secret@example.com"])
def test_a_retry_goes_to_those_left_alone(settings, left):
    _envelope, raw = mail(cc=["c@example.com"], bcc=["secret@example.com"])
    with EspServer() as server:
        receipt = send(server, settings, "mailgun", Envelope(ADDRESS, (left,)), raw)
    fields = server.posted[0].fields
    # Services demand a To.
    assert fields["to"] == [left]
    assert not {"cc", "bcc"} & fields.keys()
    assert list(receipt.recipients) == [left]


def test_several_in_bcc_never_see_one_another(settings):
    envelope, raw = frozen(EmailMessage("s", "t", ADDRESS, bcc=["a@example.com", "b@example.com"]))
    with EspServer() as server:
        send(server, settings, "postmark", envelope, raw)
    fields = server.posted[0].fields
    assert fields["Bcc"] == "a@example.com, b@example.com"
    assert not fields.get("To")


def test_html_images_and_attachments_arrive_as_such(settings):
    message = EmailMultiAlternatives("s", "plain", ADDRESS, ["a@example.com"])
    message.attach_alternative('<img src="cid:logo@site">', "text/html")
    logo = MIMEImage(PNG)
    logo.add_header("Content-ID", "<logo@site>")
    logo.add_header("Content-Disposition", "inline", filename="标志.png")
    message.attach(logo)
    message.attach("名单.csv", "姓名,分数\n张三,1\n", "text/csv")
    message.attach("data.bin", bytes(range(256)), "application/octet-stream")
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    fields = server.posted[0].fields
    assert (fields["TextBody"].strip(), fields["HtmlBody"].strip()) == (
        "plain",
        '<img src="cid:logo@site">',
    )
    image, table, data = fields["Attachments"]
    assert (image["Name"], image["ContentID"]) == ("标志.png", "cid:logo@site")
    assert base64.b64decode(image["Content"]) == PNG
    assert (table["Name"], "ContentID" in table) == ("名单.csv", False)
    assert base64.b64decode(table["Content"]).decode().split() == ["姓名,分数", "张三,1"]
    assert (data["Name"], data["ContentType"]) == ("data.bin", "application/octet-stream")
    assert base64.b64decode(data["Content"]) == bytes(range(256))


def test_files_travel_in_a_form_too(settings):
    message = EmailMessage("s", "t", ADDRESS, ["a@example.com"])
    logo = MIMEImage(PNG)
    logo.add_header("Content-ID", "<logo@site>")
    message.attach(logo)
    message.attach("data.bin", b"\x00\xff", "application/octet-stream")
    with EspServer() as server:
        send(server, settings, "mailgun", *frozen(message))
    files = [
        (name, part.get_filename(), part.get_content()) for name, part in server.posted[0].files
    ]
    assert files == [("inline", "logo@site", PNG), ("attachment", "data.bin", b"\x00\xff")]


def test_a_mail_in_html_alone_has_no_empty_text(settings):
    message = EmailMessage("s", "<b>hi</b>", ADDRESS, ["a@example.com"])
    message.content_subtype = "html"
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    fields = server.posted[0].fields
    assert fields["HtmlBody"].strip() == "<b>hi</b>"
    assert "TextBody" not in fields


def test_an_attached_mail_stays_whole(settings):
    inner = EmailMessage("inner", "inner text", ADDRESS, ["x@example.com"])
    message = EmailMessage("s", "t", ADDRESS, ["a@example.com"])
    message.attach("inner.eml", inner.message().as_bytes(), "message/rfc822")
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    (attached,) = server.posted[0].fields["Attachments"]
    assert attached["ContentType"] == "message/rfc822"
    assert b"inner text" in base64.b64decode(attached["Content"])
    assert server.posted[0].fields["TextBody"].strip() == "t"


def test_an_attached_report_stays_whole(settings):
    report = MIMEBase("message", "delivery-status")
    report.set_payload([email.message_from_string(f"{line}\n\n") for line in ("A: 1", "B: 2")])
    message = EmailMessage("s", "t", ADDRESS, ["a@example.com"])
    message.attach(report)
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    (attached,) = server.posted[0].fields["Attachments"]
    assert base64.b64decode(attached["Content"]).split() == [b"A:", b"1", b"B:", b"2"]


def test_text_in_an_unknown_charset_keeps_its_bytes(settings):
    part = MIMEBase("text", "csv", charset="x-no-such")
    part.set_payload("YSxi")
    part["Content-Transfer-Encoding"] = "base64"
    part.add_header("Content-Disposition", "attachment", filename="t.csv")
    message = EmailMessage("s", "t", ADDRESS, ["a@example.com"])
    message.attach(part)
    with EspServer() as server:
        send(server, settings, "postmark", *frozen(message))
    (attached,) = server.posted[0].fields["Attachments"]
    assert base64.b64decode(attached["Content"]) == b"a,b"
    assert attached["ContentType"] == "application/octet-stream"


# The connection


def test_mails_share_a_connection_until_it_has_been_idle(settings, monkeypatch):
    with EspServer() as server, transport_to(server, settings, "mailgun") as transport:
        transport.send(*mail(), ignore)
        transport.send(*mail(), ignore)
        assert server.connections == 1
        monkeypatch.setattr(esp, "FRESH_SECONDS", 0)
        transport.send(*mail(), ignore)
        assert server.connections == 2
    assert len(server.posted) == 3


# A TimeoutError is one that the HTTP client would take for its own.
@pytest.mark.parametrize("objection", [LeaseLost, TimeoutError])
@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.BODY])
def test_who_lost_the_lease_sends_nothing(settings, stage, objection):
    def on_stage(entered: Stage) -> None:
        if entered == stage:
            raise objection

    with EspServer() as server, transport_to(server, settings, "mailgun") as transport:
        with pytest.raises(objection):
            transport.send(*mail(), on_stage)
        assert server.posted == []
        assert transport.send(*mail(), ignore).reply.code == 200


def test_an_unreachable_service_has_nothing(settings):
    stages: list[Stage] = []
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    settings.ANYMAIL = {"MAILGUN_API_KEY": KEY, "MAILGUN_API_URL": f"http://127.0.0.1:{port}/v3"}
    with pytest.raises(TransportError) as caught:
        open_transport(account("mailgun")).send(*mail(), stages.append)
    error = caught.value
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.REFUSED)
    assert not error.maybe_accepted
    # Nobody has to wonder about a mail whose worker dies while it connects.
    assert stages == [Stage.CONNECT]
    assert error.transcript.peer == f"127.0.0.1:{port}"
    assert slug(error) == "esp-unreachable"


def test_an_unknown_host_is_told_as_such(settings, monkeypatch):
    def fail(*args: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    settings.ANYMAIL = {"MAILGUN_API_KEY": KEY, "MAILGUN_API_URL": "https://api.example.test/v3"}
    with pytest.raises(TransportError) as caught:
        open_transport(account("mailgun")).send(*mail(), ignore)
    error = caught.value
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.DNS)
    assert not error.maybe_accepted
    assert error.transcript.peer == "api.example.test:443"


def test_a_certificate_that_nobody_trusts_stops_the_request(settings):
    with EspServer(tls=True) as server:
        error = refusal(server, settings, "mailgun")
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.TLS)
    assert not error.maybe_accepted
    assert server.posted == []
    assert slug(error) == "esp-tls"


def test_a_hang_up_in_the_handshake_is_before_the_request(settings):
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _address = listener.accept()
        connection.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    settings.ANYMAIL = {"MAILGUN_API_KEY": KEY, "MAILGUN_API_URL": f"https://127.0.0.1:{port}/v3"}
    with listener, pytest.raises(TransportError) as caught:
        open_transport(account("mailgun")).send(*mail(), ignore)
    thread.join(timeout=10)
    assert (caught.value.stage, caught.value.maybe_accepted) == (Stage.CONNECT, False)


@pytest.mark.parametrize("service", SERVICES)
def test_a_hang_up_after_the_request_leaves_doubt(settings, service):
    with EspServer(HANG_UP) as server:
        error = refusal(server, settings, service)
    assert len(server.posted) == 1
    assert (error.stage, error.reply.code, error.maybe_accepted) == (Stage.BODY, None, True)
    assert error.reply.failure == Failure.CLOSED
    assert slug(error) == "esp-outcome-unknown"
    assert [step["verb"] for step in error.transcript.dialogue] == ["POST"]


def test_silence_after_the_request_leaves_doubt(settings):
    with EspServer(SILENCE) as server:
        settings.ANYMAIL = server.settings(REQUESTS_TIMEOUT=0.2)
        with pytest.raises(TransportError) as caught:
            open_transport(account("mailgun")).send(*mail(), ignore)
    assert caught.value.reply.failure == Failure.TIMEOUT
    assert (caught.value.stage, caught.value.maybe_accepted) == (Stage.BODY, True)


# Answers


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("status", "said", "words", "entry"),
    [
        (401, {"message": "Invalid API key"}, "Invalid API key", "esp-key-refused"),
        (402, {"error": "Pay first"}, "Pay first", "esp-quota"),
        (403, {"errors": [{"message": "Not allowed"}]}, "Not allowed", "esp-key-refused"),
        (413, b"Too  large\n", "Too large", "esp-too-large"),
        (429, {"Message": "Slow down"}, "Slow down", "esp-rate-limited"),
        (500, b"<html><h1>Sorry</h1></html>", "Sorry", "esp-later"),
        (503, b"", "Service Unavailable", "esp-later"),
        (400, {"detail": {"to": "is missing"}, "data": "x"}, "is missing", "esp-refused"),
    ],
)
def test_a_refusal_keeps_status_and_words(settings, service, status, said, words, entry):
    with EspServer((status, said)) as server:
        error = refusal(server, settings, service)
    assert (error.stage, error.reply.code) == (Stage.BODY, status)
    assert not error.maybe_accepted
    assert error.reply.text == words
    assert error.transcript.dialogue[0]["code"] == status
    assert slug(error) == entry


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [200, 502, 504])
def test_an_answer_that_says_nothing_leaves_doubt(settings, service, status):
    with EspServer((status, b"<html>what\x00?</html>")) as server:
        error = refusal(server, settings, service)
    assert (error.stage, error.reply.code, error.maybe_accepted) == (Stage.BODY, status, True)
    assert "\x00" not in error.reply.text
    assert slug(error) == "esp-outcome-unknown"


def test_a_refusal_with_a_status_of_success_is_one(settings):
    said = {"code": "InvalidServerAPIKey", "message": "The key is not valid."}
    with EspServer((200, {"status": "error", "data": said})) as server:
        error = refusal(server, settings, "postal")
    assert (error.stage, error.reply.code, error.maybe_accepted) == (Stage.BODY, 200, False)
    assert error.reply.text == "InvalidServerAPIKey The key is not valid."
    assert slug(error) == "esp-key-refused-in-words"


def test_a_redirection_is_not_followed_with_the_key(settings):
    with EspServer((307, b"")) as server:
        error = refusal(server, settings, "postmark")
    assert len(server.posted) == 1
    assert (error.reply.code, error.maybe_accepted) == (307, False)
    assert slug(error) == "esp-wrong-address"


def test_neither_key_nor_link_nor_address_of_this_machine_is_kept(settings):
    said = {"message": f"{KEY} may not say {LINK} from 203.0.113.7", "data": {"body": "private"}}
    with EspServer((400, said)) as server:
        error = refusal(server, settings, "mailgun")
    kept = f"{error} {error.reply.text} {error.transcript.dialogue}"
    for secret in (KEY, LINK, "203.0.113.7", "private"):
        assert secret not in kept
    assert "may not say" in error.reply.text


def test_words_without_end_are_cut(settings):
    with EspServer((400, {"message": "很长" * 1000})) as server:
        assert len(refusal(server, settings, "mailgun").reply.text) == 500


# Recipients


def test_one_suppressed_recipient_of_two_is_told(settings):
    words = (
        "Message OK, but will not deliver to these inactive addresses: gone@example.com. "
        "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
    )
    said = {**OK, "To": "a@example.com, Gone@example.com", "Message": words}
    with EspServer((200, said)) as server:
        receipt = send(server, settings, "postmark", *mail("a@example.com", "Gone@example.com"))
    assert receipt.recipients["a@example.com"].code == 200
    refused = receipt.recipients["Gone@example.com"]
    assert (refused.code, refused.positive) == (550, False)
    assert refused.text.startswith("rejected: Message OK")
    assert receipt.remote_id == "id-1"
    verdict = classify(refused, stage=Stage.RCPT, provider="esp")
    assert verdict.slug == "esp-recipient-suppressed"


def test_where_all_are_suppressed_the_mail_is_refused(settings):
    words = (
        "You tried to send to a recipient that has been marked as inactive.\n Found inactive "
        "addresses: a@example.com. Inactive recipients are ones that have generated a hard bounce."
    )
    with EspServer((422, {"ErrorCode": 406, "Message": words})) as server:
        error = refusal(server, settings, "postmark")
    assert (error.stage, error.reply.code) == (Stage.RCPT, 550)
    assert set(error.refused) == {"a@example.com"}
    assert not error.maybe_accepted
    assert slug(error) == "esp-recipient-suppressed"


def test_one_bad_address_does_not_cost_the_other_its_mail(settings):
    words = "Invalid 'To' address: 'bad@example.com'."
    parts = mail("a@example.com", "bad@example.com")
    with EspServer((422, {"ErrorCode": 300, "Message": words})) as server:
        error = refusal(server, settings, "postmark", *parts)
    # Postmark sent to nobody, although Anymail calls the other one unknown.
    assert (error.stage, error.reply.code) == (Stage.RCPT, 422)
    assert {a: reply.text for a, reply in error.refused.items()} == {
        "bad@example.com": f"invalid: {words}"
    }
    assert slug(error) == "esp-others-to-blame"


def test_an_error_about_no_recipient_refuses_the_mail(settings):
    words = "Error parsing 'To': something else."
    with EspServer((422, {"ErrorCode": 300, "Message": words})) as server:
        error = refusal(server, settings, "postmark")
    assert (error.stage, error.reply.code, error.refused) == (Stage.BODY, 422, {})
    assert slug(error) == "esp-refused"


# Anymail's own no


def test_a_missing_key_is_a_matter_of_settings(settings):
    settings.ANYMAIL = {}
    with pytest.raises(TransportError) as caught:
        open_transport(account("mailgun")).send(*mail(), ignore)
    assert (caught.value.stage, caught.value.reply.failure) == (Stage.CONNECT, Failure.CREDENTIALS)
    assert "MAILGUN_API_KEY" in caught.value.reply.text


@pytest.mark.parametrize(
    ("service", "key"),
    [("postmark", "您的密钥"), ("mailgun", "您的密钥"), ("postmark", "line\nbreak")],
)
def test_a_key_that_no_header_can_carry_is_a_matter_of_settings(settings, service, key):
    with EspServer() as server:
        settings.ANYMAIL = server.settings(POSTMARK_SERVER_TOKEN=key, MAILGUN_API_KEY=key)
        with pytest.raises(TransportError) as caught:
            open_transport(account(service)).send(*mail(), ignore)
    assert caught.value.reply.failure == Failure.CREDENTIALS
    assert not caught.value.maybe_accepted
    assert key not in str(caught.value)
    assert server.posted == []


@pytest.mark.parametrize("name", ["nosuchservice", "django.core.mail.backends.smtp.EmailBackend"])
def test_what_is_no_backend_of_anymail_is_a_matter_of_settings(name):
    with pytest.raises(TransportError) as caught:
        open_transport(account(name)).send(*mail(), ignore)
    assert caught.value.reply.failure == Failure.CREDENTIALS
    assert name in caught.value.reply.text


def test_a_feature_that_the_service_lacks_refuses_the_mail(settings):
    message = EmailMultiAlternatives("s", "t", ADDRESS, ["a@example.com"])
    message.attach_alternative("BEGIN:VCALENDAR", "text/calendar")
    with EspServer() as server:
        error = refusal(server, settings, "postmark", *frozen(message))
    assert (error.stage, error.reply.failure) == (Stage.CONNECT, Failure.PROTOCOL)
    assert "text/calendar" in error.reply.text
    assert server.posted == []
    assert slug(error) == "esp-cannot-carry"


def test_a_receivers_failure_after_the_answer_changes_nothing(settings):
    def fail(**kwargs: Any) -> None:
        raise RuntimeError

    post_send.connect(fail)
    try:
        with EspServer() as server:
            assert send(server, settings, "mailgun").reply.code == 200
    finally:
        post_send.disconnect(fail)


def test_a_receiver_may_cancel_a_mail(settings):
    def cancel(**kwargs: Any) -> None:
        raise AnymailCancelSend

    pre_send.connect(cancel)
    try:
        with EspServer() as server:
            error = refusal(server, settings, "mailgun")
    finally:
        pre_send.disconnect(cancel)
    assert server.posted == []
    assert slug(error) == "esp-cannot-carry"


def test_nothing_is_printed_for_debugging(settings, capsys):
    with EspServer() as server:
        settings.ANYMAIL = server.settings(DEBUG_API_REQUESTS=True)
        open_transport(account("mailgun")).send(*mail(), ignore)
    assert capsys.readouterr().out == ""


def test_a_backend_with_another_client_is_announced_too():
    stages: list[Stage] = []
    transport = open_transport(account("test"))
    receipt = transport.send(*mail("a@example.com", "b@example.com"), stages.append)
    assert stages == [Stage.CONNECT, Stage.BODY]
    assert {reply.text for reply in receipt.recipients.values()} == {"sent"}
    assert all(reply.positive for reply in receipt.recipients.values())
    assert receipt.transcript.peer == "Test"


# Through the outbox


@pytest.fixture
def work(settings, transactional_db):
    """Queue one mail to these addresses, and let a worker send what is due."""

    def run(server: EspServer, *recipients: str) -> Message:
        settings.EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
        settings.ANYMAIL = server.settings()
        given = {"PROVIDER": "anymail", "ADDRESS": ADDRESS, "ANYMAIL_BACKEND": "postmark"}
        settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": given}
        if recipients:
            send_mail("Subject", "text", ADDRESS, list(recipients))
        Message.objects.update(next_attempt_at=timezone.now())
        call_command("mailworker", once=True)
        return Message.objects.get()

    return run


def test_an_attempt_keeps_status_id_and_recipients(work):
    with EspServer() as server:
        message = work(server, "a@example.com")
    assert message.status == Message.Status.SENT
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.stage, attempt.reply_code) == ("accepted", "done", 200)
    assert (attempt.reply_text, attempt.remote_id) == ("sent: OK", "postmark-1")
    assert attempt.peer == f"127.0.0.1:{server.port}"
    assert [(step["verb"], step["code"]) for step in attempt.dialogue] == [("POST", 200)]
    recipient = message.recipients.get()
    assert (recipient.status, recipient.reply_code, recipient.reply_text) == (
        "accepted",
        200,
        "sent: OK",
    )
    assert server.posted[0].fields["From"] == ADDRESS


def test_a_retry_leaves_out_whom_the_service_blamed(work):
    said = {"ErrorCode": 300, "Message": "Invalid 'To' address: 'bad@example.com'."}
    with EspServer((422, said)) as server:
        message = work(server, "a@example.com", "bad@example.com")
        assert message.status == Message.Status.QUEUED
        message = work(server)
    assert message.status == Message.Status.SENT
    assert [posted.fields["To"] for posted in server.posted] == [
        "a@example.com, bad@example.com",
        "a@example.com",
    ]
    assert dict(message.recipients.values_list("address", "status")) == {
        "a@example.com": "accepted",
        "bad@example.com": "rejected",
    }


def test_a_refused_key_pauses_the_account_and_keeps_the_mail(work):
    with EspServer((401, {"ErrorCode": 10, "Message": "No valid API token."})) as server:
        message = work(server, "a@example.com")
    assert message.status == Message.Status.QUEUED
    attempt = message.attempts.get()
    assert (attempt.outcome, attempt.reply_code) == ("deferred", 401)
    assert attempt.catalog_entry == "esp-key-refused"
    assert message.account.paused_until > timezone.now()


def test_a_lost_answer_leaves_the_mail_uncertain(work):
    with EspServer(HANG_UP) as server:
        message = work(server, "a@example.com")
    assert message.status == Message.Status.UNCERTAIN
    assert message.attempts.get().outcome == "uncertain"
