"""OAuth2: a refresh token becomes an access token (RFC 6749 section 6), which logs in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter.exceptions import MailcenterError
from mailcenter.sealing import redact
from mailcenter.transports.account import SendingAccount
from mailcenter.transports.presets import Preset

MAX_ANSWER_BYTES = 65_536
# RFC 6749 sections 4.1.2.1 and 5.2: these pass by themselves.
PASSING = {"temporarily_unavailable", "server_error", "slow_down"}
CLIENT_CODES = {"invalid_client", "unauthorized_client", "deleted_client", "disabled_client"}
SCOPE_CODES = {
    *("invalid_scope", "access_denied", "consent_required", "interaction_required"),
    "admin_policy_enforced",
}
ERROR_CODE = re.compile(r"[a-z_]{1,40}")
# RFC 6749 appendix A.12; nothing that could end the line it is put into.
TOKEN = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True)
class Token:
    """expires_in: seconds. refresh_token: in place of the one that was used, or ""."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(default="", repr=False)


class TokenRefused(MailcenterError):  # noqa: N818
    """The provider gives no access token; the text says what to do.

    code: its word for that (RFC 6749 section 5.2), such as "invalid_grant".
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class TokenUnavailable(MailcenterError):  # noqa: N818
    """The provider could not be asked, or could not answer: it may later. The text says why."""


def xoauth2(account: SendingAccount) -> str:
    """What AUTH XOAUTH2 says, before base64."""
    return f"user={account.username}\x01auth=Bearer {account.password}\x01\x01"


@sensitive_variables()
def renew(
    preset: Preset, client_id: str, client_secret: str, refresh_token: str, *, timeout: float
) -> Token:
    """A new access token.

    client_secret: "" where the client has none. timeout: seconds to connect, and for the answer
    to go on.

    Raises TokenRefused or TokenUnavailable, neither of which quotes a secret or the answer.
    """
    form = {
        "grant_type": "refresh_token",
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
        "scope": preset.oauth_scope,
    }
    form = {name: value for name, value in form.items() if value}
    status, answer = _post(preset.token_url, form, timeout)
    if status == 200:
        return _token(preset, answer)
    secrets = [client_secret, refresh_token]
    raise _refusal(preset, status, answer, secrets)


@sensitive_variables()
def _post(url: str, form: dict[str, str], timeout: float) -> tuple[int, dict[str, Any]]:
    """The status, and the answer as far as it is a JSON object. Raises TokenUnavailable."""
    # Loaded only where an account needs it.
    import requests
    from urllib3.exceptions import HTTPError

    trouble = ""
    try:
        # A redirect would take the secrets to another host.
        with requests.post(
            url,
            data=form,
            headers={"Accept": "application/json"},
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = response.raw.read(MAX_ANSWER_BYTES, decode_content=True)
            status = response.status_code
    except (OSError, HTTPError) as error:
        # Those of requests are OSErrors. Their words may hold anything, and their frames the form.
        trouble = type(error).__name__
    if trouble:
        words = {"host": urlsplit(url).hostname, "words": trouble}
        raise TokenUnavailable(
            _("%(host)s, which gives access tokens, can't be reached: %(words)s") % words
        )
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {}
    return status, answer if isinstance(answer, dict) else {}


@sensitive_variables()
def _token(preset: Preset, answer: dict[str, Any]) -> Token:
    access_token = answer.get("access_token")
    # Microsoft used to write the number as text.
    seconds = re.fullmatch(r"[0-9]{1,9}", str(answer.get("expires_in", "")))
    if not (isinstance(access_token, str) and TOKEN.fullmatch(access_token) and seconds):
        raise _unreadable(preset, 200)
    changed = answer.get("refresh_token")
    return Token(access_token, int(seconds[0]), changed if isinstance(changed, str) else "")


@sensitive_variables()
def _refusal(
    preset: Preset, status: int, answer: dict[str, Any], secrets: list[str]
) -> MailcenterError:
    said = answer.get("error")
    code = said if isinstance(said, str) and ERROR_CODE.fullmatch(said) else ""
    # Some servers repeat what they were told.
    code = code if redact(code, secrets) == code else ""
    if status not in range(400, 500) or status == 429 or code in PASSING or not code:
        return _unreadable(preset, status)
    return TokenRefused(_cure(code) % {"code": code + _number(answer)}, code)


def _cure(code: str) -> str:
    if code == "invalid_grant":
        return _(
            "The provider refused the refresh token (%(code)s): it was revoked or has expired, "
            "or it belongs to another client. Sign in to the provider again and enter the new "
            "refresh token."
        )
    if code in CLIENT_CODES:
        return _(
            "The provider refused the client (%(code)s): compare the client id and the client "
            "secret with the provider's console. A client secret may have expired."
        )
    if code in SCOPE_CODES:
        return _(
            "The provider's consent doesn't cover mail (%(code)s): sign in again, allow access to "
            "mail, and enter the new refresh token."
        )
    return _(
        "The provider gave no access token (%(code)s): compare the client id, the client secret "
        "and the refresh token with the provider's console."
    )


def _number(answer: dict[str, Any]) -> str:
    """Microsoft's own number for the error, which its help knows: " AADSTS700082"."""
    numbers = answer.get("error_codes")
    first = numbers[0] if isinstance(numbers, list) and numbers else None
    return f" AADSTS{first}" if isinstance(first, int) and 0 < first < 10**8 else ""


def _unreadable(preset: Preset, status: int) -> TokenUnavailable:
    words = {"host": urlsplit(preset.token_url).hostname, "status": status}
    return TokenUnavailable(
        _("%(host)s gave no access token that could be read (HTTP %(status)s).") % words
    )
