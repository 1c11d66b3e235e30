from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MailLanguage(models.Model):
    """The language in which a user wants mail, whatever the pages are read in."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="mail_language"
    )
    language = models.CharField(_("language"), max_length=10)

    class Meta:
        default_permissions = ()
        verbose_name = _("language of a user's mail")
        verbose_name_plural = _("languages of users' mail")

    def __str__(self) -> str:
        return f"{self.user}: {self.language}"
