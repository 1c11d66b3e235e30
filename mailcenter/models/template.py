from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailcenter.models.template_event import TemplateEvent

if TYPE_CHECKING:
    from mailcenter.models.template_version import TemplateVersion

# A template that fails does so with each mail; its row says so once in a while.
NOTE_SECONDS = 60


class TemplateQuerySet(models.QuerySet["Template"]):
    def complete(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Make a row for each slug and language that has none yet."""
        have = set(self.values_list("slug", "language"))
        missing = [self.model(slug=slug, language=code) for slug, code in set(wanted) - have]
        if missing:
            self.bulk_create(missing, ignore_conflicts=True)

    def failed(self, version: TemplateVersion, failure: str) -> None:
        """The built-in words took the place of this version."""
        now = timezone.now()
        new = Q(failed_version=version, failed_at__gt=now - timedelta(seconds=NOTE_SECONDS))
        self.filter(pk=version.template_id).exclude(new).update(
            failed_version=version, failed_at=now, failure=failure
        )


class Template(models.Model):
    """The words of one kind of mail in one language, where they are not the built-in ones.

    Without a published version the file is used: ``templates/mail/<slug>/<language>/``.
    """

    # What all mails stand in.
    LAYOUT = "layout"

    # A kind's, or LAYOUT.
    slug = models.CharField(_("mail"), max_length=64)
    language = models.CharField(_("language"), max_length=10)
    published = models.ForeignKey(
        "mailcenter.TemplateVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("published version"),
    )
    # The last time that the published version could not be used.
    failed_at = models.DateTimeField(_("failed"), null=True)
    failed_version = models.ForeignKey(
        "mailcenter.TemplateVersion", models.PROTECT, null=True, related_name="+"
    )
    failure = models.TextField(_("why"), blank=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("mail template")
        verbose_name_plural = _("mail templates")
        ordering = ["slug", "language"]
        permissions = [
            ("publish_template", _("Can publish mail templates")),
            ("test_template", _("Can send test mails from templates")),
            ("preview_user_template", _("Can preview templates with a user's data")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["slug", "language"], name="template_slug_language")
        ]

    def __str__(self) -> str:
        return f"{self.slug} ({self.language})"

    @property
    def failing(self) -> bool:
        """Whether the version that is published now has failed."""
        return bool(self.published_id) and self.failed_version_id == self.published_id

    def newest(self) -> TemplateVersion | None:
        return self.versions.order_by("-number").first()

    def publish(self, version: TemplateVersion | None, operator: AbstractBaseUser | None) -> bool:
        """Use it from now on; None: the built-in words. False where it is in use already.

        Raises ValueError for another template's version.
        """
        if version is not None and version.template_id != self.pk:
            raise ValueError(f"{version} is not a version of {self}.")
        columns: dict[str, Any] = {"failed_at": None, "failed_version": None, "failure": ""}
        with transaction.atomic():
            rows = Template.objects.select_for_update().filter(pk=self.pk)
            if rows.get().published_id == (version and version.pk):
                return False
            rows.update(published=version, **columns)
            TemplateEvent.objects.create(
                template=self,
                version=version,
                user_id=operator.pk if operator else None,
                user_name=operator.get_username() if operator else "",
            )
        self.refresh_from_db()
        return True
