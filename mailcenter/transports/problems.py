"""What will keep a well-formed account of the environment from sending, as system checks."""

from __future__ import annotations

import re
from pathlib import Path

from django.core import checks
from django.utils.translation import gettext as _

from mailcenter.transports.account import SendingAccount, suffix_of
from mailcenter.transports.presets import ALPHANUMERIC_16, LETTERS_16, LOWERCASE_16
from mailcenter.transports.variables import variable


def problems(account: SendingAccount) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    preset, suffix = account.preset, suffix_of(account.slug)
    key = "URL_WITH_PASSWORD" if preset.slug == "custom" else "PASSWORD"
    # A delivery service has a key of its own, among Anymail's settings.
    if not account.password and preset.slug != "anymail":
        found.append(
            checks.Error(
                _("No authorization code is configured for %(address)s: it can't send.")
                % {"address": account.address},
                hint=_("Put the code that the provider gave you into %(variable)s.")
                % {"variable": variable(key, suffix)},
                id="mailcenter.E101",
            )
        )
    elif preset.code_pattern and not re.fullmatch(preset.code_pattern, account.password):
        found.append(
            checks.Warning(
                _("%(variable)s doesn't look like an authorization code of %(provider)s.")
                % {"variable": variable("PASSWORD", suffix), "provider": preset.label},
                hint=_code_hint(preset.code_pattern),
                id="mailcenter.W101",
            )
        )
    domain = account.address.rpartition("@")[2].lower()
    if preset.domains and domain not in preset.domains:
        found.append(
            checks.Warning(
                _("%(address)s is at %(domain)s, but %(variable)s is %(provider)s.")
                % {
                    "address": variable("ADDRESS", suffix),
                    "domain": domain,
                    "variable": variable("PROVIDER", suffix),
                    "provider": preset.slug,
                },
                hint=_("Addresses of this provider end in: %(domains)s.")
                % {"domains": ", ".join(preset.domains)},
                id="mailcenter.W102",
            )
        )
    # The practice server makes its certificate when it starts.
    if account.ca_file and preset.slug != "practice" and not Path(account.ca_file).is_file():
        found.append(
            checks.Error(
                _("There is no file at %(variable)s: %(path)s.")
                % {"variable": variable("CA_FILE", suffix), "path": account.ca_file},
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
