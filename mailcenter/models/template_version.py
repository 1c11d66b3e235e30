from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailcenter.templating import Parts


class TemplateVersion(models.Model):
    """Never changed and never deleted: mails name the version that they were written from."""

    template = models.ForeignKey("mailcenter.Template", models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    subject = models.TextField(_("subject"), blank=True)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"))
    # Of the layout alone: shown where its HTML says src="cid:logo".
    logo = models.BinaryField(_("logo"), default=bytes)
    logo_type = models.CharField(max_length=20, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    # Survives the author's row; empty: on the command line.
    author_name = models.CharField(_("author"), max_length=254, blank=True)
    created_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        default_permissions = ()
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Once. Raises TypeError where the row is there already."""
        if not self._state.adding:
            raise TypeError("A template version never changes: save a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("A template version is never deleted: mails name it.")

    @property
    def parts(self) -> Parts:
        return Parts(self.subject, self.text, self.html)
