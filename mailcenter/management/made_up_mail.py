"""What a busy site's mail looks like: kinds, outcomes, replies, domains and hours in their shares.

The same seed, number of rows and moment make the same mail. Each address has "-seed-" in its local
part, so that it is nobody's.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailcenter import kinds, sealing
from mailcenter.models import Account
from mailcenter.models.message import Status
from mailcenter.replies import Reply, Stage, classify

Row = dict[str, Any]

DAYS = 180
# The first half of each uuid: version 8 (RFC 9562 section 5.8), so that no other mail has it.
MARK = 0x5EED3A115EED8EED
SECOND_HALF = 0x8000000000000000
# Mail that still waits for an attempt was asked for within this time.
QUEUE = timedelta(minutes=20)

DOMAINS = {
    "qq.com": 46,
    "163.com": 17,
    "gmail.com": 9,
    "126.com": 7,
    "foxmail.com": 5,
    "outlook.com": 5,
    "sina.com": 3,
    "yeah.net": 2,
    "139.com": 2,
    "hotmail.com": 2,
    "icloud.com": 2,
}
NAMES = ("li.na", "wang.wei", "zhang.min", "chen.jie", "liu.yang", "zhao.lei", "sun.li", "ann")
# Kind -> its share, its subject in Chinese and in English.
KINDS = {
    "email_verification": (44, "请验证您的邮箱地址", "Verify your address"),
    "password_reset": (20, "重设您的密码", "Set a new password"),
    "login_code": (13, "您的登录验证码", "Your log-in code"),
    "security_notice": (10, "您的密码已更改", "Your password was changed"),
    "account_exists": (3, "您已有账号", "You have an account already"),
    "other": (8, "您的订单已发货", "Your order is on its way"),
    "system": (2, "[站点] 每日报告", "[site] Daily report"),
}
STATUSES = {
    Status.SENT: 915,
    Status.FAILED: 45,
    Status.EXPIRED: 15,
    Status.CANCELLED: 10,
    Status.BOUNCED: 8,
    Status.UNCERTAIN: 4,
    Status.SUPPRESSED: 3,
}
# Kind with a link or a code -> of what was accepted, how much was opened, and how much of all led
# to what it is for.
FOLLOWED = {
    "email_verification": (0.84, 0.81),
    "password_reset": (0.75, 0.66),
    "login_code": (0.93, 0.93),
}
# How many refusals come before a mail is accepted.
DETOURS = {0: 67, 1: 21, 2: 8, 3: 3, 5: 1}
# By day, in the site's own time zone, people ask for more.
HOURS = (3, 2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 8, 8, 9, 10, 9, 8, 7, 8, 9, 9, 7, 5)
FINAL_REPLIES = {
    (Stage.RCPT, 550, "Mailbox not found."): 50,
    (Stage.RCPT, 550, "5.1.1 User unknown"): 15,
    (Stage.BODY, 550, "Mail content denied."): 12,
    (Stage.BODY, 554, "5.7.1 Refused by the rules of this server"): 8,
    (Stage.AUTH, 535, "Login Fail. Please enter your authorization code to login."): 10,
    (Stage.MAIL, 501, "Mail from address must be same as authorization user."): 5,
}
PASSING_REPLIES = {
    (Stage.MAIL, 550, "Connection frequency limited."): 40,
    (Stage.RCPT, 450, "4.2.0 Greylisted, try again later"): 25,
    (Stage.CONNECT, 421, "Service not available, closing transmission channel"): 15,
    (Stage.DATA, 451, "4.7.1 Please try again later"): 12,
    (Stage.RCPT, 552, "5.2.2 Mailbox full"): 8,
}
ACCEPTED = (Stage.DONE, 250, "OK: queued as.")
PEER = "smtp.qq.com:465 TLSv1.3"
SENDER = "站点 <site@practice.test>"
VERBS = ("CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY")


@dataclass
class Mail:
    """One message and what belongs to it: columns by attribute name, without the link."""

    message: Row
    content: Row
    recipients: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)


class Site:
    """users: keys and addresses. first: the number of the first mail."""

    def __init__(
        self, rows: int, seed: int, users: Sequence[tuple[Any, str]], now: datetime, first: int = 0
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._rows, self._first = rows, first
        self._users, self._now = users, now
        self._start = now - timedelta(days=DAYS)
        self._body = sealing.seal(
            b"Subject: made up\r\n\r\nNobody was ever meant to read this.\r\n"
        )
        reply = {**FINAL_REPLIES, **PASSING_REPLIES}
        self._replies = {given: _reply(*given) for given in [*reply, ACCEPTED]}

    def mails(self) -> Iterator[Mail]:
        """In the order in which they were asked for."""
        for index in range(self._rows):
            yield self.mail(index, self._first + index)

    def mail(self, index: int, number: int) -> Mail:
        """index: of all that are made now, by time. number: of all that were ever made."""
        dice = self._random
        created = self._moment(index)
        kind = self._one_of(_KINDS)
        status = self._status(created, kind)
        chinese = dice.random() < 0.8
        _share, *subjects = KINDS[kind]
        subject = str(subjects[0 if chinese else 1])
        user, address = self._reader(number)
        secret = bool(kinds.get(kind).secrets)
        lifetime = kinds.get(kind).lifetime
        attempts = list(self._attempts(status, created))
        last = attempts[-1] if attempts else {"reply_code": None, "verdict": ""}
        ended = self._ended(created, attempts)
        waits = status in (Status.QUEUED, Status.UNCERTAIN)
        accepted = status in (Status.SENT, Status.BOUNCED)
        message = {
            "uuid": uuid.UUID(int=MARK << 64 | SECOND_HALF | number),
            "kind": kind,
            "status": status.value,
            "subject": subject,
            "from_email": SENDER,
            "message_id": f"<{dice.getrandbits(64):016x}.{number}@practice.test>",
            "language": "zh-hans" if chinese else "en",
            "user_id": user,
            "account_id": Account.ENVIRONMENT,
            "priority": kinds.get(kind).priority,
            "created_at": created,
            # Not at once: somebody may want to look before a worker has had its turn.
            "next_attempt_at": self._now + timedelta(seconds=dice.randint(60, 7200))
            if status == Status.QUEUED
            else created,
            "expires_at": created + lifetime() if lifetime else None,
            "attempt_count": len(attempts),
            "sent_at": ended if accepted else None,
            "finished_at": None if waits else ended,
            **self._followed(kind if status == Status.SENT else "", ended),
            "size_bytes": dice.randint(1800, 9000),
            "last_reply_code": last["reply_code"],
            "last_verdict": last["verdict"],
        }
        # Nothing that waits can ever leave: it has no bytes.
        young = not (secret or waits) and ended > self._now - timedelta(days=30)
        content = {
            "sealed": self._body if young else None,
            "redacted": _redacted(subject, address, message["message_id"], secret, chinese),
            "secret": secret,
        }
        recipients = list(self._recipients(address, number, status, last, alone=secret))
        return Mail(message, content, recipients, attempts)

    def _moment(self, index: int) -> datetime:
        """Later for a higher index, and dense by day."""
        day, within = divmod((index + self._random.random()) / self._rows * DAYS, 1)
        reached = within * sum(HOURS)
        for hour, share in enumerate(HOURS):
            if reached < share:
                within = (hour + reached / share) / len(HOURS)
                break
            reached -= share
        return self._start + timedelta(days=day + within)

    def _status(self, created: datetime, kind: str) -> Status:
        if kind == "email_verification" and created > self._now - QUEUE:
            return Status.QUEUED
        return self._one_of(_STATUSES)

    def _reader(self, number: int) -> tuple[Any, str]:
        """Key of the user, or None, and the address."""
        if self._users and self._random.random() < 0.85:
            return self._random.choice(self._users)
        return None, self.address(f"guest-seed-{number}")

    def address(self, local: str) -> str:
        return f"{local}@{self._one_of(_DOMAINS)}"

    def _attempts(self, status: Status, created: datetime) -> Iterator[Row]:
        refused = self._one_of(_DETOURS)
        endings = [self._one_of(_PASSING) for _time in range(refused)]
        outcome = "deferred"
        if status in (Status.SENT, Status.BOUNCED):
            endings.append(ACCEPTED)
        elif status == Status.FAILED:
            endings.append(self._one_of(_FINAL))
        elif status == Status.UNCERTAIN:
            endings.append(None)
        at = created + timedelta(milliseconds=self._random.randint(20, 1500))
        for number, given in enumerate(endings, 1):
            took = self._random.randint(180, 2600)
            if given == ACCEPTED:
                outcome = "accepted"
            elif given is None:
                outcome = "uncertain"
            elif number == len(endings) and status == Status.FAILED:
                outcome = "rejected"
            yield {
                "number": number,
                "account_id": Account.ENVIRONMENT,
                "from_email": SENDER,
                "trigger": "auto" if number == 1 else "retry",
                "worker": "made-up:1/5eed5eed",
                "outcome": outcome,
                **(self._replies[given] if given else _NO_REPLY),
                "started_at": at,
                "duration_ms": took,
                "peer": PEER,
            }
            at += timedelta(seconds=30 * 2**number + self._random.randint(0, 20))

    def _ended(self, created: datetime, attempts: Sequence[Row]) -> datetime:
        if not attempts:
            return min(created + timedelta(minutes=5), self._now)
        last = attempts[-1]
        at: datetime = last["started_at"] + timedelta(milliseconds=last["duration_ms"])
        return at

    def _followed(self, kind: str, accepted_at: datetime) -> Row:
        """When its link was opened or its code entered, and when what it is for was done."""
        opened, done = FOLLOWED.get(kind, (0, 0))
        chance = self._random.random()
        opened_at = accepted_at + timedelta(seconds=self._random.expovariate(1 / 60))
        done_at = opened_at + timedelta(seconds=self._random.expovariate(1 / 20))
        return {
            "opened_at": opened_at if chance < opened and opened_at <= self._now else None,
            "done_at": done_at if chance < done and done_at <= self._now else None,
        }

    def _recipients(
        self, address: str, number: int, status: Status, last: Row, *, alone: bool
    ) -> Iterator[Row]:
        settled = {
            Status.SENT: "accepted",
            Status.BOUNCED: "accepted",
            Status.FAILED: "rejected",
            Status.QUEUED: "queued",
        }.get(status, "queued")
        reply = {"reply_code": last["reply_code"], "reply_text": last.get("reply_text", "")}
        yield {"role": "to", "address": address, "status": settled, **reply}
        if not alone and self._random.random() < 0.1:
            other = self.address(f"copy-seed-{number}")
            yield {"role": "cc", "address": other, "status": settled, **reply}

    def _one_of(self, shares: Shares) -> Any:
        values, weights = shares
        return self._random.choices(values, cum_weights=weights)[0]


Shares = tuple[list[Any], list[int]]


def _shares(given: dict[Any, int]) -> Shares:
    """For ``random.choices``."""
    total, weights = 0, []
    for weight in given.values():
        total += weight
        weights.append(total)
    return list(given), weights


_DOMAINS = _shares(DOMAINS)
_KINDS = _shares({kind: share for kind, (share, *_subjects) in KINDS.items()})
_STATUSES = _shares(STATUSES)
_DETOURS = _shares(DETOURS)
_PASSING = _shares(PASSING_REPLIES)
_FINAL = _shares(FINAL_REPLIES)


def _reply(stage: Stage, code: int, text: str) -> Row:
    """The columns of an attempt that ended so, with what the catalogue says of it."""
    columns: Row = {"stage": stage.value, "reply_code": code, "reply_text": text}
    columns |= {"enhanced_code": "", "verdict": "", "catalog_entry": "", "remote_id": ""}
    if code >= 400:
        reply = Reply.parse(code, text.encode())
        verdict = classify(reply, stage=stage, provider="qq")
        columns["verdict"] = verdict.verdict_class.value
        columns["catalog_entry"] = verdict.slug
        columns["enhanced_code"] = text.split()[0] if text[:1].isdigit() else ""
    reached = next((n for n, verb in enumerate(VERBS) if verb.lower() == stage.value), None)
    steps = VERBS if reached is None else VERBS[: reached + 1]
    columns["dialogue"] = json.dumps(
        [{"verb": verb, "code": 250, "text": "OK", "ms": 30} for verb in steps[:-1]]
        + [{"verb": steps[-1], "code": code, "text": text, "ms": 41}]
    )
    return columns


_NO_REPLY: Row = {
    "stage": "body",
    "reply_code": None,
    "reply_text": "the server closed the connection",
    "enhanced_code": "",
    "remote_id": "",
    "verdict": "network",
    "catalog_entry": "",
    "dialogue": "[]",
}


def _redacted(subject: str, address: str, message_id: str, secret: bool, chinese: bool) -> str:
    said = "点击链接继续：" if chinese else "Follow this link:"
    text = f"{subject}\n\n{said} {sealing.MASK if secret else 'https://example.com/'}\n"
    return json.dumps(
        {
            "headers": [
                ["From", SENDER],
                ["To", address],
                ["Subject", subject],
                ["Message-ID", message_id],
            ],
            "text": text,
            "html": f"<html><body><h1>{subject}</h1><p>{text}</p></body></html>",
            "attachments": [],
        },
        ensure_ascii=False,
    )
