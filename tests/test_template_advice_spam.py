"""What SpamAssassin says of a mail, and what comes of it where it says nothing."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from mailcenter.templating.advice import Advice, spam
from mailcenter.templating.advice.spam import Rule, Score

SECRET = "839201"
GOOD_TEXT = f"请在刚才的页面输入验证码：{SECRET}\n验证码 10 分钟内有效，请勿告诉他人。\n"
GOOD_HTML = f"""<!doctype html><html lang="zh"><head><title>您的验证码</title></head><body>
<p>请在刚才的页面输入验证码：</p><p>{SECRET}</p><p>验证码 10 分钟内有效，请勿告诉他人。</p>
</body></html>"""
CARELESS = b"""From: WIN BIG <WINNER@winner.example>
To: undisclosed-recipients:;
Subject: FREE MONEY!!! ACT NOW!!!
MIME-Version: 1.0
Content-Type: text/html

<html><body><a href="http://203.0.113.9/x"><img src="http://203.0.113.9/a.gif"></a></body></html>
"""


def good() -> bytes:
    mail = EmailMessage()
    mail["From"] = "Mailcenter <noreply@example.com>"
    mail["To"] = "reader@example.org"
    mail["Subject"] = "您的验证码"
    mail["Date"] = "Sat, 21 Nov 2026 20:00:00 +0800"
    mail["Message-ID"] = "<176371920000.1.8392@example.com>"
    mail.set_content(GOOD_TEXT, cte="base64")
    mail.add_alternative(GOOD_HTML, subtype="html", cte="base64")
    return mail.as_bytes()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Stands in for SpamAssassin: a shell script of one's own."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(script: str) -> Path:
        path = tmp_path / "spamassassin"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.mark.needs("SpamAssassin")
def test_a_good_mail_costs_next_to_nothing():
    found = spam.score(good())
    assert found is not None
    assert (found.points < 1.0, found.needed) == (True, 5.0)
    assert spam.advice(found) == []


@pytest.mark.needs("SpamAssassin")
def test_a_careless_mail_is_taken_for_spam():
    found = spam.score(CARELESS)
    assert found is not None
    assert found.points > found.needed
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["MISSING_DATE"].points > 0
    assert by_name["MISSING_DATE"].description == "Missing Date: header"
    assert sum(rule.points for rule in found.rules) == pytest.approx(found.points, abs=0.5)
    (advice,) = spam.advice(found)
    assert found.rules[0].description in advice.sentence


@pytest.mark.needs("SpamAssassin")
def test_a_mail_cant_write_its_own_report():
    forged = good().replace(b"\n\n", b"\nX-Note: MAILCENTER -99.0 5.0\n\n-99.0 GOOD Very good\n", 1)
    found = spam.score(forged)
    assert found is not None
    assert found.points > -1


def test_no_program_no_score(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert spam.score(good()) is None
    assert spam.advice(None) == []


@pytest.mark.parametrize(
    "script",
    [
        "cat >/dev/null; exit 70",
        f"cat >/dev/null; echo {SECRET}",
        f"cat; echo {SECRET} >&2; exit 2",
        # Ends without reading its input.
        "exit 0",
    ],
)
def test_a_program_that_fails_is_noted_without_the_mail(program, caplog, script):
    program(script)
    assert spam.score(good()) is None
    assert "SpamAssassin gave no score" in caplog.text
    assert SECRET not in caplog.text


def test_a_program_that_hangs_is_ended(program, monkeypatch, caplog):
    program("exec sleep 600")
    monkeypatch.setattr(spam, "TIMEOUT_SECONDS", 0.1)
    assert spam.score(good()) is None
    assert "TimeoutExpired" in caplog.text


def test_a_report_is_read_with_descriptions_of_two_lines(program):
    program(
        """
cat >/dev/null
for option; do
  case "$option" in "--cf=report "*_SCORE_*) mark=${option#--cf=report };; esac
done
mark=${mark%% *}
echo "Subject: x"
echo "$mark 7.7 5.0"
echo "-0.0 NO_RELAYS              Informational: message was not relayed via SMTP"
echo " 1.4 MISSING_DATE           Missing Date: header"
echo " 2.9 LONG_ONE               It says so much that it takes"
echo "                            two lines"
echo
echo "$mark"
"""
    )
    assert spam.score(b"") == Score(
        7.7,
        5.0,
        (
            Rule(2.9, "LONG_ONE", "It says so much that it takes two lines"),
            Rule(1.4, "MISSING_DATE", "Missing Date: header"),
            Rule(-0.0, "NO_RELAYS", "Informational: message was not relayed via SMTP"),
        ),
    )


def test_three_rules_are_named_from_three_points_on():
    rules = tuple(Rule(points, f"R{points}", f"rule {points}") for points in (1.5, 1.2, 0.4, 0.1))
    assert spam.advice(Score(2.9, 5.0, rules)) == []
    assert spam.advice(Score(3.2, 5.0, rules)) == [
        Advice(
            "mail",
            "SpamAssassin gives the mail 3.2 points, and calls it spam from 5.0 on; most count:"
            " rule 1.5 (1.5); rule 1.2 (1.2); rule 0.4 (0.4).",
        )
    ]
