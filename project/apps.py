from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class ProjectConfig(AppConfig):
    name = "project"

    def ready(self) -> None:
        # Django announces the end of `migrate` only for apps that have models.
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("sessions"))


def make_cache_table(using: str, verbosity: int, **kwargs: Any) -> None:
    """A plain `migrate` yields a working database, the cache's table included."""
    call_command("createcachetable", database=using, verbosity=verbosity)
