"""The site's Celery app: `celery -A project worker` and `celery -A project beat`."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

# Where the broker is, Celery itself reads from CELERY_BROKER_URL.
app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.on_after_finalize.connect
def schedule(sender: Celery, **kwargs: Any) -> None:
    if settings.MAILCENTER["ENGINE"] != "celery":
        # Celery logs what a signal's receiver raises, and goes on: with nothing to do.
        sys.exit(_("Set MAIL_ENGINE=celery, for the site and for its workers."))
    import_string("mailcenter.engines.celery.add_sweep")(sender)
