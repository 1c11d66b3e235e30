"""Warnings about a mail that is about to be saved; each check by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcenter.templating import Parts
from mailcenter.templating.advice import Advice, advise

SITE = "https://www.example.com"
TEXT = "This is a mail with enough words in it."


def html(*pieces: str) -> str:
    return f"<!doctype html><html><body><p>{TEXT}</p>{''.join(pieces)}</body></html>"


def about(
    *pieces: str, subject: str = "Your code", text: str = TEXT, site: str = SITE
) -> list[Advice]:
    return advise(Parts(subject, text, html(*pieces)), site_url=site)


def sentence(*pieces: str, **mail: str) -> str:
    """Of the only advice."""
    (advice,) = about(*pieces, **mail)
    return advice.sentence


def test_a_plain_mail_gets_no_advice():
    assert about(f'<p><a href="{SITE}/accounts/">Your account</a></p>') == []


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        ("Your code, and a good many words more than any phone would show", "columns wide"),
        ("验证码" * 11, "columns wide"),
        ("YOUR CODE", "capitals"),
        ("Your code!!", "exclamation"),
        ("验证码！请查收！", "exclamation"),
    ],
)
def test_a_subject_that_is_too_long_or_too_loud(subject, word):
    (advice,) = about(subject=subject)
    assert advice.part == "subject"
    assert word in advice.sentence


@pytest.mark.parametrize("subject", ["Your code!", "验证码" * 10, "OTP: 123456", "123456"])
def test_a_subject_that_is_neither(subject):
    assert about(subject=subject) == []


def test_words_are_named_once_where_they_come_first():
    found = about("<p>代开发票</p>", subject="代开", text=f"{TEXT} ACT   now")
    assert [(advice.part, advice.sentence.split("“")[1].split("”")[0]) for advice in found] == [
        ("html", "发票"),
        ("subject", "代开"),
        ("text", "act now"),
    ]


def test_a_word_inside_of_another_is_not_meant():
    assert about("<p>breadwinners and winnerless</p>") == []


@pytest.mark.parametrize(
    ("link", "word"),
    [
        ("https://bit.ly/x", "“bit.ly” shortens links"),
        ("https://t.cn/x", "“t.cn” shortens links"),
        ("https://other.example/", "other.example, another host"),
        ("https://www.example.com.other.example/", "another host"),
        ("https://badexample.com/", "another host"),
        ("https://www.example.com@other.example/", "other.example, another host"),
        ("https://203.0.113.7/x", "by number"),
        ("https://[2001:db8::1]/x", "by number"),
        ("http://www.example.com/x", "isn't encrypted"),
        ("/accounts/", "leads nowhere"),
        ("https://[x/", "can't be read"),
    ],
)
def test_a_link_that_is_distrusted(link, word):
    assert word in sentence(f'<a href="{link}">Your account</a>')


@pytest.mark.parametrize(
    "link",
    [
        "https://www.example.com/x",
        "https://WWW.EXAMPLE.COM./x",
        "https://example.com/",
        "https://shop.example.com/",
        "mailto:help@other.example",
        "tel:123",
        "#top",
    ],
)
def test_a_link_that_is_not(link):
    assert about(f'<a href="{link}">Your account</a>') == []


def test_a_site_without_https_may_link_to_itself():
    assert about('<a href="http://127.0.0.1:8000/">Log in</a>', site="http://127.0.0.1:8000") == []


def test_links_of_the_text_are_looked_at_too_and_said_once():
    text = f"{TEXT}请打开https://bit.ly/x，或（{SITE}/）。"
    (advice,) = about(text=text)
    assert (advice.part, "bit.ly" in advice.sentence) == ("text", True)
    (advice,) = about('<a href="https://bit.ly/x">Your account</a>', text=text)
    assert advice.part == "html"


@pytest.mark.parametrize("words", ["click here", "Click <b>here</b>!", "点击 这里", "点击这里>>"])
def test_a_link_that_doesnt_say_where_it_leads(words):
    assert "alone" in sentence(f'<a href="{SITE}/">{words}</a>')


@pytest.mark.parametrize(
    ("image", "word"),
    [
        ('<img src="cid:logo">', "no alt text"),
        (f'<a href="{SITE}/"><img src="cid:logo" alt=""></a>', "all there is of a link"),
        ('<img src="https://www.example.com/logo.png" alt="Shop">', "stay hidden"),
        ('<img src="//www.example.com/logo.png" alt="Shop">', "stay hidden"),
        ('<img src="data:image/png;base64,AAAA" alt="Shop">', "data:"),
        ('<img src="/logo.png" alt="Shop">', "can't be found"),
        ("<div style=\"background-image: url('https://x.example/a.png')\"></div>", "stay hidden"),
        ('<table background="https://x.example/a.png"></table>', "stay hidden"),
    ],
)
def test_a_picture_that_is_not_seen(image, word):
    assert word in about(image)[0].sentence


@pytest.mark.parametrize(
    "image",
    [
        '<img src="cid:logo" alt="Shop">',
        '<img src="cid:line" alt="">',
        f'<a href="{SITE}/"><img src="cid:logo" alt=""> Shop</a>',
    ],
)
def test_a_picture_that_is(image):
    assert about(image) == []


def test_a_picture_that_counts_readers():
    found = about('<img src="https://www.example.com/1.gif" width="1" height="1" alt="">')
    assert any("reports who reads" in advice.sentence for advice in found)


def test_a_mail_that_is_one_picture():
    mail = Parts("Your code", TEXT, '<img src="cid:all" alt="Everything that we have to say">')
    (advice,) = advise(mail, site_url=SITE)
    assert "little but pictures" in advice.sentence


def test_a_mail_that_gmail_cuts_off():
    (advice,) = about(f"<p>{'x' * 101 * 1024}</p>")
    assert (advice.part, "Gmail cuts it off" in advice.sentence) == ("html", True)
    assert about(f"<p>{'x' * 99 * 1024}</p>") == []


def test_a_mail_whose_pictures_are_too_heavy():
    (advice,) = advise(Parts("Your code", TEXT, html()), site_url=SITE, raw_size=600 * 1024)
    assert advice.part == "mail"
    assert advise(Parts("Your code", TEXT, html()), site_url=SITE, raw_size=90 * 1024) == []


def test_a_few_of_a_kind_are_enough():
    assert len(about(*(f'<a href="https://h{n}.example/">x{n}</a>' for n in range(40)))) == 5


def test_what_nobody_reads_counts_for_nothing():
    assert about("<style>p { font-family: '发票' }</style><!-- 发票 --><script>发票</script>") == []


PIECES = r"""
    < > </ <a <p> <b> </p> <!-- --> <![CDATA[ <![x <? <style> </style> <img src= href= style=
    ' " = & ; # . , : \\ / ( ) { } @media( @import color: rgb( url( 1e999 % !important var(--x) 发
"""
MARKUP = st.lists(
    st.sampled_from([*PIECES.split(), " ", "\x00"]) | st.text(max_size=3), max_size=60
).map("".join)


@given(MARKUP, MARKUP, MARKUP)
def test_nothing_makes_it_fail(subject, text, markup):
    for source in (
        markup,
        f"<style>{markup}</style><p style='{markup}'>x",
        f"<a href='{markup}'>x",
    ):
        advise(Parts(subject, text, source), site_url=SITE)


@pytest.mark.parametrize(
    "piece", ["<a ", "<b ' ", "<!--", "<a b='", "<style>", "</", "<![", "<div>"]
)
def test_markup_that_never_ends_is_read_once(piece):
    """Older Pythons would take a minute for some of these."""
    advise(Parts("", "", piece * 30_000), site_url=SITE)


def test_deep_and_wide_styles_are_read_once():
    rules = "".join(f".a .b{n} > .c, p {{ color: #{n:06x} }}" for n in range(1000))
    advise(Parts("", "", f"<style>{rules}</style>{'<p class=a>x' * 5000}"), site_url=SITE)


@pytest.mark.parametrize("piece", ["(", "a(", "{", "a{", "@media (a){", "a:rgb(", "/*", "\\"])
def test_css_that_never_ends_is_read_once(piece):
    mail = f"<style>{piece * 20_000}</style><p style='{piece * 20_000}'>x"
    advise(Parts("", "", mail), site_url=SITE)
