"""How gunicorn serves the site: ``gunicorn --config project/gunicorn_conf.py project.wsgi``."""

from __future__ import annotations

from django.utils.module_loading import import_string
from gunicorn.config import Config
from gunicorn.glogging import Logger


class MaskedLogger(Logger):
    """It quotes the first line of a request that it can't read, key included."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        mask_keys = import_string("mailcenter.flows.log_filter.MaskKeys")()
        for log in (self.error_log, self.access_log):
            log.filters = [mask_keys]


logger_class = MaskedLogger
workers = 2
threads = 4
control_socket_disable = True
