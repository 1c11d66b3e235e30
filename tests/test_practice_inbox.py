"""The practice inbox: who may read it, and that a mail in it can do no harm."""

from __future__ import annotations

import re
import stat
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from mailcenter import practice
from mailcenter.practice import inbox
from mailcenter.practice.scenarios import SCENARIOS

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n not much of a picture"
HOSTILE = """<html><head><title>t</title><style>p{}</style><script>alert(1)</script></head>
<body onload="alert(2)"><p style="color: red" onclick="alert(3)">Hello</p>
<img src="https://example.com/pixel.png"><img src="/admin/"><img src="cid:logo@site">
<a href="https://example.com/">out</a><a href="javascript:alert(4)">in</a>
<iframe src="https://example.com/"></iframe><form action="https://example.com/"><input></form>
<svg onload="alert(5)"></svg><link rel="stylesheet" href="https://example.com/x.css">
</body></html>"""


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MAILCENTER = {**settings.MAILCENTER, "PRACTICE_DIR": str(tmp_path / "practice")}
    return practice.folder()


@pytest.fixture
def holder(client: Client) -> Client:
    """Somebody who opened the address with the token."""
    client.get(reverse("practice:inbox"), {"token": inbox.token()})
    return client


def deliver(
    folder: Path,
    subject: str = "Subject",
    text: str = "Hello",
    html: str = "",
    to: str = "a@b.test",
) -> str:
    """The key of the mail."""
    mail = EmailMessage()
    mail["From"] = "Site <site@practice.test>"
    mail["To"] = to
    mail["Delivered-To"] = to
    mail["Subject"] = subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
        part = mail.get_body(("html",))
        assert isinstance(part, EmailMessage)
        part.add_related(PNG, "image", "png", cid="<logo@site>")
    return deliver_raw(folder, mail.as_bytes())


def deliver_raw(folder: Path, raw: bytes) -> str:
    inbox.deliver(folder, raw)
    return inbox.newest(folder)[0].key


def urls(key: str) -> list[str]:
    return [
        reverse("practice:inbox"),
        reverse("practice:recipients"),
        reverse("practice:mail", args=[key]),
        reverse("practice:html", args=[key]),
    ]


# The guard


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["anonymous", "visitor", "former staff"])
def test_it_is_closed_to_those_without_the_token(
    client: Client, folder: Path, method: str, who: str
) -> None:
    if who != "anonymous":
        user = get_user_model().objects.create_user(
            "visitor", is_staff=who == "former staff", is_active=who == "visitor"
        )
        client.force_login(user)
    for url in urls(deliver(folder, "Nobody else's business")):
        response = getattr(client, method)(url)
        assert response.status_code == 403
        assert "Nobody else" not in response.content.decode()
        assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("token", ["", "wrong", "口令", "\0"])
def test_a_wrong_token_opens_nothing(client: Client, folder: Path, token: str) -> None:
    for url in urls(deliver(folder)):
        assert client.get(url, {"token": token}).status_code == 403
        assert client.get(url).status_code == 403


def test_the_closed_page_says_where_the_token_stands_but_not_the_token(client: Client) -> None:
    token = inbox.token()
    page = client.get(reverse("practice:inbox"), headers={"accept-language": "en"})
    assert "make run" in page.content.decode()
    assert token not in page.content.decode()


def test_the_inbox_stays_open_when_somebody_logs_out(holder: Client, folder: Path) -> None:
    holder.force_login(get_user_model().objects.create_user("visitor"))
    holder.post(reverse("account_logout"))
    assert holder.get(reverse("practice:inbox")).status_code == 200


def test_a_made_up_cookie_opens_nothing(client: Client, folder: Path) -> None:
    client.cookies["practice_inbox"] = inbox.token()
    assert client.get(reverse("practice:inbox")).status_code == 403


def test_the_token_opens_it_and_leaves_the_address(client: Client, folder: Path) -> None:
    key = deliver(folder)
    response = client.get(reverse("practice:inbox"), {"token": inbox.token()})
    assert (response.status_code, response["Location"]) == (302, reverse("practice:inbox"))
    for url in urls(key):
        response = client.get(url)
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert inbox.token() not in response.content.decode()


def test_staff_need_no_token(client: Client, folder: Path) -> None:
    client.force_login(get_user_model().objects.create_user("operator", is_staff=True))
    assert [client.get(url).status_code for url in urls(deliver(folder))] == [200] * 4


def test_it_takes_no_post(holder: Client, folder: Path) -> None:
    assert [holder.post(url).status_code for url in urls(deliver(folder))] == [405] * 4


def test_with_another_provider_it_does_not_exist(
    holder: Client, folder: Path, settings: Any
) -> None:
    key = deliver(folder)
    settings.MAILCENTER = {**settings.MAILCENTER, "ACCOUNT": {"PROVIDER": "qq"}}
    assert [holder.get(url).status_code for url in urls(key)] == [404] * 4
    assert holder.get(urls(key)[0], {"token": inbox.token()}).status_code == 404


def test_the_token_is_made_once_and_readable_by_its_owner_only(folder: Path) -> None:
    token = inbox.token()
    assert len(token) >= 32
    assert inbox.token() == token
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# The list


def test_the_newest_mail_stands_first(holder: Client, folder: Path) -> None:
    for subject in ("first", "second", "third"):
        deliver(folder, subject)
    page = holder.get(reverse("practice:inbox")).content.decode()
    assert page.index("third") < page.index("second") < page.index("first")


def test_the_list_is_bounded(holder: Client, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "NEWEST", 2)
    for subject in ("first", "second", "third"):
        deliver(folder, subject)
    response = holder.get(reverse("practice:inbox"))
    assert [mail.subject for mail in response.context["mails"]] == ["third", "second"]


def test_the_list_reads_no_body(
    holder: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(folder, "a subject", to="访客@b.test")

    def refuse(raw: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(inbox, "read", refuse)
    page = holder.get(reverse("practice:inbox")).content.decode()
    assert "a subject" in page
    assert "访客@b.test" in page


def test_an_empty_inbox_is_a_page(holder: Client) -> None:
    assert holder.get(reverse("practice:inbox")).status_code == 200


def test_every_provoking_recipient_is_listed_with_its_reply(holder: Client) -> None:
    page = holder.get(reverse("practice:recipients")).content.decode()
    assert all(f"{name}@practice.test" in page for name in SCENARIOS)
    assert "550 Mailbox not found" in page
    assert "请使用授权码登录" in page


# One mail


def test_a_mail_shows_its_headers_and_whom_it_went_to(holder: Client, folder: Path) -> None:
    key = deliver(folder, "验证你的邮箱", to="访客@b.test")
    page = holder.get(reverse("practice:mail", args=[key])).content.decode()
    assert "验证你的邮箱" in page
    assert "访客@b.test" in page
    assert "site@practice.test" in page


def test_links_in_the_text_can_be_followed(holder: Client, folder: Path) -> None:
    text = (
        "打开 http://127.0.0.1:8000/verify/a-b:c/?x=1&y=2。(https://e.test/z) javascript:alert(1)"
    )
    key = deliver(folder, text=text)
    page = holder.get(reverse("practice:mail", args=[key])).content.decode()
    [body] = re.findall(r"(?s)<pre.*?</pre>", page)
    links = dict(re.findall(r'<a href="([^"]+)" rel="([^"]+)">', body))
    assert links == {
        "http://127.0.0.1:8000/verify/a-b:c/?x=1&amp;y=2": "noreferrer",
        "https://e.test/z": "noreferrer",
    }


def test_nothing_in_a_mail_is_markup_on_its_page(holder: Client, folder: Path) -> None:
    evil = "<script>alert(1)</script>"
    key = deliver(folder, evil, text=evil + ' http://e.test/"><b>', html="<p>x</p>")
    for url in urls(key)[::2]:
        page = holder.get(url).content.decode()
        assert evil not in page
        assert "<b>" not in page


def test_the_html_part_stands_in_a_sandboxed_frame(holder: Client, folder: Path) -> None:
    key = deliver(folder, html="<p>x</p>")
    page = holder.get(reverse("practice:mail", args=[key])).content.decode()
    [frame] = re.findall(r"<iframe[^>]*>", page)
    assert 'sandbox=""' in frame
    assert 'referrerpolicy="no-referrer"' in frame
    assert reverse("practice:html", args=[key]) in frame


def test_the_frame_may_be_shown_here_and_may_load_and_run_nothing(
    holder: Client, folder: Path
) -> None:
    response = holder.get(reverse("practice:html", args=[deliver(folder, html="<p>x</p>")]))
    assert response["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'self'"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "no-store"


def test_scripts_forms_links_and_remote_images_are_removed(holder: Client, folder: Path) -> None:
    key = deliver(folder, html=HOSTILE)
    shown = holder.get(reverse("practice:html", args=[key])).content.decode()
    tags: dict[str, list[dict[str, str | None]]] = {}
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.setdefault(tag, []).append(dict(attrs))  # type: ignore[method-assign]
    parser.feed(shown)
    assert tags["p"] == [{"style": "color: red"}]
    assert [image["src"][:22] for image in tags["img"] if image.get("src")] == [
        "data:image/png;base64,"
    ]
    assert not {"script", "iframe", "form", "input", "svg", "link", "style"} & set(tags)
    assert all("href" not in link for link in tags["a"])
    assert "example.com" not in shown
    assert "alert" not in shown


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: =?no-such?b?////?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\r\n",
        b"From: <\r\nTo: :;\r\nDate: never\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
        b"Content-Type: application/pdf\r\n\r\n%PDF\r\n",
        b"Subject: nul \0 and \x1b\r\n\r\n\0\r\n",
        b"Content-Type: text/plain; charset=idna\r\n\r\n\xff\r\n",
        b"Content-Type: text/plain; charset=undefined\r\n\r\nx\r\n",
        b'Content-Type: text/html; charset="x\0y"\r\n\r\nx\r\n',
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800\r\n",
        b"Content-Type: text/html; charset=raw_unicode_escape\r\n\r\n\\ud800\r\n",
        b"Subject: =?unicode_escape?q?=5Cud800?=\r\n\r\nx\r\n",
        b"Content-Disposition: attachment; filename*=idna''%FF\r\n\r\nx\r\n",
        b"Content-Disposition: attachment; filename*0*=\"''\r\n\r\nx\r\n",
    ],
)
def test_a_broken_mail_is_shown_all_the_same(holder: Client, folder: Path, raw: bytes) -> None:
    assert [holder.get(url).status_code for url in urls(deliver_raw(folder, raw))] == [200] * 4


def test_attachments_are_named(holder: Client, folder: Path) -> None:
    mail = EmailMessage()
    mail.set_content("see below")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="发票.pdf")
    key = deliver_raw(folder, mail.as_bytes())
    assert "发票.pdf" in holder.get(reverse("practice:mail", args=[key])).content.decode()


@pytest.mark.parametrize(
    "key", ["..", ".", "..%2F..%2Ftoken", "%2e%2e", "token", "new", "%00", "x" * 300]
)
def test_a_key_never_leaves_the_maildir(holder: Client, folder: Path, key: str) -> None:
    deliver(folder)
    (folder / "secret").write_text("secret of the folder")
    for suffix in ("", "html/"):
        response = holder.get(f"/practice/{key}/{suffix}", follow=False)
        assert response.status_code in (404, 400)
        assert "secret of the folder" not in response.content.decode()
