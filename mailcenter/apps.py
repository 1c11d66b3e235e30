"""Wiring, nothing else."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MailcenterConfig(AppConfig):
    name = "mailcenter"
    verbose_name = _("Mailcenter")

    def ready(self) -> None:
        from mailcenter import checks  # noqa: F401
        from mailcenter.flows import kinds  # noqa: F401

        post_migrate.connect(make_environment_account, sender=self)


def make_environment_account(using: str, **kwargs: Any) -> None:
    """Queueing refers to this row without looking it up."""
    from mailcenter.models import Account

    Account.objects.using(using).get_or_create(slug=Account.ENVIRONMENT)
