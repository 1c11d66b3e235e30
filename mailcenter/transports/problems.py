"""What will keep a well-formed account from sending, as system checks."""

from __future__ import annotations

import re
from pathlib import Path

from django.core import checks
from django.utils.translation import gettext as _

from mailcenter.transports.account import SendingAccount
from mailcenter.transports.presets import ALPHANUMERIC_16, LETTERS_16, LOWERCASE_16


def problems(account: SendingAccount) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    preset = account.preset
    variable = "EMAIL_URL" if preset.slug == "custom" else "MAIL_AUTH_CODE"
    if not account.password:
        found.append(
            checks.Error(
                _("No authorization code is configured: no mail can leave."),
                hint=_("Put the code that the provider gave you into %(variable)s.")
                % {"variable": variable},
                id="mailcenter.E101",
            )
        )
    elif preset.code_pattern and not re.fullmatch(preset.code_pattern, account.password):
        found.append(
            checks.Warning(
                _("MAIL_AUTH_CODE doesn't look like an authorization code of %(provider)s.")
                % {"provider": preset.label},
                hint=_code_hint(preset.code_pattern),
                id="mailcenter.W101",
            )
        )
    domain = account.address.rpartition("@")[2].lower()
    if preset.domains and domain not in preset.domains:
        found.append(
            checks.Warning(
                _("MAIL_ADDRESS is at %(domain)s, but MAIL_PROVIDER is %(provider)s.")
                % {"domain": domain, "provider": preset.slug},
                hint=_("Addresses of this provider end in: %(domains)s.")
                % {"domains": ", ".join(preset.domains)},
                id="mailcenter.W102",
            )
        )
    # The practice server makes its certificate when it starts.
    if account.ca_file and preset.slug != "practice" and not Path(account.ca_file).is_file():
        found.append(
            checks.Error(
                _("There is no file at MAIL_CA_FILE: %(path)s.") % {"path": account.ca_file},
                hint=_("Correct the path, or leave it empty to trust the system's authorities."),
                id="mailcenter.E102",
            )
        )
    return found


def _code_hint(pattern: str) -> str:
    forms = {
        LOWERCASE_16: _("It is 16 lowercase letters; the password of the mailbox doesn't work."),
        LETTERS_16: _("It is 16 letters; the password of the mailbox doesn't work."),
        ALPHANUMERIC_16: _(
            "It is 16 letters and digits; the password of the mailbox doesn't work."
        ),
    }
    return forms[pattern]
