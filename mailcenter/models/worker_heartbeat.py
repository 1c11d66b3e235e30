from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailcenter import conf


class WorkerHeartbeat(models.Model):
    """A worker's last sign of life."""

    name = models.CharField(_("worker"), max_length=120, primary_key=True)
    # A value of MAILCENTER["ENGINE"].
    engine = models.CharField(_("engine"), max_length=10)
    started_at = models.DateTimeField(_("running since"))
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        default_permissions = ()
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        """Whether it has given a sign lately."""
        return timezone.now() - self.seen_at < alive_for(self.engine)


def alive_for(engine: str) -> timedelta:
    """After so long without a sign a worker counts as gone.

    An embedded worker gives one by itself; hosts that share a queue take turns at it.
    """
    sweeps = 3 if engine == "embedded" else 30
    return timedelta(seconds=max(60, sweeps * conf.get("SWEEP_SECONDS")))
