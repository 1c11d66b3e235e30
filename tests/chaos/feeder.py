"""A process of the site that queues mails: for each line with a number, so many."""

from __future__ import annotations

import sys
from itertools import count, cycle, islice

import django

TEXT = "A line of text that is as long as lines in mails tend to be.\n" * 40


def feed() -> None:
    from django.core.mail import EmailMessage

    from mailcenter.outbox import Tag
    from mailcenter.rendering import Rendered

    def mail(number: int, *, once_more: bool) -> EmailMessage:
        name = f"m{number}"
        mail = EmailMessage(f"Mail {name}", TEXT, to=[f"{name}@mail.test"])
        if once_more:
            shown = Rendered(f"Mail {name}", "redacted", "")
            mail.mailcenter = Tag("email_verification", redacted=shown)  # type: ignore[attr-defined]
        if number % 3 == 0:
            mail.cc = [f"{name}.cc@mail.test"]
            mail.bcc = [f"{name}.bcc@mail.test"]
        return mail

    numbers = count()
    # By turns, because the one kind would overtake the other: mails that are sent once more when
    # nobody can tell, and mails that wait for an operator then.
    for line, once_more in zip(sys.stdin, cycle([True, False])):
        for number in islice(numbers, int(line)):
            mail(number, once_more=once_more).send()
        sys.stdout.write("queued\n")
        sys.stdout.flush()


if __name__ == "__main__":
    django.setup()
    feed()
