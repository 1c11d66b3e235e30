from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.smtp_server import ScriptedServer


@pytest.fixture
def send_through(settings) -> Callable[[ScriptedServer], None]:
    """Make a scripted server the site's account."""

    def use(server: ScriptedServer, **account: str) -> None:
        given = server.environment()
        settings.MAILCENTER = {
            **settings.MAILCENTER,
            "ACCOUNT": {
                "PROVIDER": given["MAIL_PROVIDER"],
                "ADDRESS": given["MAIL_ADDRESS"],
                "PASSWORD": given["MAIL_AUTH_CODE"],
                "HOST": given["MAIL_HOST"],
                "PORT": given["MAIL_PORT"],
                "SECURITY": given["MAIL_SECURITY"],
                "CA_FILE": given["MAIL_CA_FILE"],
                **account,
            },
        }

    return use
