"""Rows in any state a mail can be in, made directly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone
from factory.django import DjangoModelFactory

from mailcenter import sealing
from mailcenter.models import (
    Account,
    Attempt,
    Content,
    Message,
    Recipient,
    Template,
    TemplateVersion,
)
from mailcenter.models.message import FINAL
from mailcenter.rendering import sources
from mailcenter.templating import Variable


def a_secret(name: str) -> tuple[Variable, ...]:
    """For a kind that has this one variable."""
    return (Variable(name, name, "sample", secret=True),)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")

    @factory.post_generation
    def permissions(user: Any, create: bool, names: list[str] | None, **kwargs: Any) -> None:  # noqa: N805
        """``permissions=["view_message", …]``, all of mailcenter."""
        if names:
            user.user_permissions.set(
                Permission.objects.filter(content_type__app_label="mailcenter", codename__in=names)
            )


class StaffFactory(UserFactory):
    is_staff = True


class SuperuserFactory(StaffFactory):
    is_superuser = True


class MessageFactory(DjangoModelFactory):
    """``to`` names the recipients; ``content=None`` leaves the mail without one.

    What else belongs to a status (lease, times) is filled in.
    """

    class Meta:
        model = Message
        skip_postgeneration_save = True

    kind = "other"
    status = Message.Status.QUEUED
    subject = factory.Sequence(lambda n: f"Subject {n}")
    from_email = "Site <site@practice.test>"
    message_id = factory.Sequence(lambda n: f"<{n}@practice.test>")
    language = "en"
    account_id = Account.ENVIRONMENT
    created_at = factory.LazyFunction(timezone.now)
    next_attempt_at = factory.SelfAttribute("created_at")
    size_bytes = 1000

    @factory.lazy_attribute
    def finished_at(self) -> Any:
        return timezone.now() if self.status in FINAL else None

    @factory.lazy_attribute
    def sent_at(self) -> Any:
        return timezone.now() if self.status == Message.Status.SENT else None

    @factory.lazy_attribute
    def lease_owner(self) -> str:
        return "worker" if self.status == Message.Status.SENDING else ""

    @factory.lazy_attribute
    def lease_expires_at(self) -> Any:
        sending = self.status == Message.Status.SENDING
        return timezone.now() + timedelta(minutes=1) if sending else None

    @factory.post_generation
    def to(message: Any, create: bool, addresses: list[str] | None, **kwargs: Any) -> None:  # noqa: N805
        for address in addresses if addresses is not None else ["reader@example.com"]:
            RecipientFactory(message=message, address=address)

    content = factory.RelatedFactory("tests.factories.ContentFactory", "message")


class RecipientFactory(DjangoModelFactory):
    class Meta:
        model = Recipient

    message = factory.SubFactory(MessageFactory, to=[])
    role = Recipient.Role.TO
    address = factory.Sequence(lambda n: f"reader{n}@example.com")

    @factory.lazy_attribute
    def status(self) -> str:
        return {
            Message.Status.SENT: Recipient.Status.ACCEPTED,
            Message.Status.FAILED: Recipient.Status.REJECTED,
        }.get(self.message.status, Recipient.Status.QUEUED)


class ContentFactory(DjangoModelFactory):
    """``raw``: the bytes to seal; None: erased."""

    class Meta:
        model = Content
        exclude = ("raw", "headers", "text", "html", "attachments")

    message = factory.SubFactory(MessageFactory, content=None)
    raw = b"From: site@practice.test\r\nMessage-ID: <1@practice.test>\r\n\r\nHello\r\n"
    secret = False
    headers = factory.LazyAttribute(lambda row: [["Subject", row.message.subject]])
    text = ""
    html = ""
    attachments: list[dict[str, Any]] = []

    @factory.lazy_attribute
    def sealed(self) -> bytes | None:
        return None if self.raw is None else sealing.seal(self.raw)

    @factory.lazy_attribute
    def redacted(self) -> dict[str, Any]:
        return {
            "headers": self.headers,
            "text": self.text,
            "html": self.html,
            "attachments": self.attachments,
        }


class AttemptFactory(DjangoModelFactory):
    class Meta:
        model = Attempt

    message = factory.SubFactory(MessageFactory)
    number = factory.Sequence(lambda n: n + 1)
    account_id = Account.ENVIRONMENT
    from_email = "Site <site@practice.test>"
    trigger = Attempt.Trigger.AUTO
    worker = "worker"
    outcome = Attempt.Outcome.ACCEPTED
    stage = "done"
    reply_code = 250
    reply_text = "OK: queued as."
    started_at = factory.LazyFunction(timezone.now)
    duration_ms = 420
    peer = "smtp.qq.com:465 TLSv1.3"


class TemplateFactory(DjangoModelFactory):
    class Meta:
        model = Template
        django_get_or_create = ("slug", "language")

    slug = "login_code"
    language = "en"


class TemplateVersionFactory(DjangoModelFactory):
    """The next one of its template; ``published=True`` puts it into use."""

    class Meta:
        model = TemplateVersion
        skip_postgeneration_save = True

    template = factory.SubFactory(TemplateFactory)
    subject = "Your code"
    text = "Your code: {{ code }}"
    html = "<p>Your code: {{ code }}</p>"
    author_name = "li"

    @factory.lazy_attribute
    def number(self) -> int:
        newest = self.template.newest()
        return newest.number + 1 if newest else 1

    @factory.post_generation
    def published(version: Any, create: bool, wanted: bool, **kwargs: Any) -> None:  # noqa: N805
        if wanted:
            version.template.publish(version, None)
            sources.forget()
