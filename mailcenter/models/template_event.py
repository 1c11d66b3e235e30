from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TemplateEvent(models.Model):
    """Who put which version into use, and when. It outlives the operator's row."""

    template = models.ForeignKey("mailcenter.Template", models.CASCADE, related_name="events")
    # Null: back to the built-in words.
    version = models.ForeignKey(
        "mailcenter.TemplateVersion", models.PROTECT, null=True, related_name="+"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    # Empty: on the command line.
    user_name = models.CharField(_("operator"), max_length=254, blank=True)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        default_permissions = ()
        verbose_name = _("event of a template")
        verbose_name_plural = _("events of templates")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.template}: {self.version or '-'}"
