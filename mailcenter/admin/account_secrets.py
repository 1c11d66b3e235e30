"""The part of an account's form that takes secrets: they go in and never come out."""

from __future__ import annotations

from copy import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import sealing
from mailcenter.addresses import CONTROL
from mailcenter.delivery import tokens
from mailcenter.delivery.accounts import from_row
from mailcenter.delivery.grant import Grant
from mailcenter.exceptions import MailcenterError
from mailcenter.models import Account
from mailcenter.transports import PRESETS, SendingAccount

SECRETS = ("secret", "next_secret", "oauth_client_secret", "oauth_refresh_token")
MAILBOX = {"preset", "address"}
HOSTS = {"host", "username", "imap_host"}


def _write_only(label: Any, max_length: int, help_text: Any) -> forms.CharField:
    attrs = {"autocomplete": "new-password", "class": "vTextField"}
    return forms.CharField(
        label=label,
        required=False,
        max_length=max_length,
        widget=forms.PasswordInput(attrs=attrs),
        help_text=help_text,
    )


KEPT = _("Leave it empty to keep the stored one.")


class SecretsForm(forms.ModelForm):
    """A log-in is either a code, maybe with a second one behind it, or what OAuth2 needs."""

    secret = _write_only(
        _("Authorization code"),
        200,
        _("Not the password of the mailbox. Spaces in it do no harm."),
    )
    next_secret = _write_only(
        _("Second code"),
        200,
        _("Stored ahead: it takes the first one's place as soon as that is refused."),
    )
    forget_next = forms.BooleanField(label=_("Remove the second code"), required=False)
    oauth_client_secret = _write_only(
        _("Client secret"),
        500,
        _("Google gives one to each client, Microsoft not to all."),
    )
    oauth_refresh_token = _write_only(
        _("Refresh token"),
        8000,
        _("New access tokens are got with it, before the last one expires."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = _grant(self.instance)
        fields: dict[str, Any] = self.fields
        kept = {"oauth_client_secret", "oauth_refresh_token"} if self._stored else set()
        if self.instance.sealed_secret:
            kept.add("secret")
        if self.instance.sealed_next_secret:
            kept.add("next_secret")
        else:
            del fields["forget_next"]
        for name in kept:
            fields[name].help_text = KEPT

    def clean_secret(self) -> str:
        return self._code("secret")

    def clean_next_secret(self) -> str:
        return self._code("next_secret")

    def clean_oauth_client_id(self) -> str:
        return without_controls("".join(self.cleaned_data["oauth_client_id"].split()))

    def clean_oauth_client_secret(self) -> str:
        return without_controls("".join(self.cleaned_data["oauth_client_secret"].split()))

    def clean_oauth_refresh_token(self) -> str:
        return without_controls("".join(self.cleaned_data["oauth_refresh_token"].split()))

    @property
    def forgets(self) -> bool:
        """Whether something was typed that the page, as it comes back with errors, can't show."""
        return bool(self.errors) and any(self.data.get(self.add_prefix(n)) for n in SECRETS)

    @sensitive_variables()
    def _code(self, name: str) -> str:
        typed: str = self.cleaned_data[name]
        if self.cleaned_data.get("preset") != "custom":
            # Shown in groups of four on QQ's page, and often pasted with a line end.
            typed = "".join(typed.split())
        return without_controls(typed)

    def _typed(self, *names: str) -> bool:
        """A value that is no good has been typed, too: it has its own sentence already."""
        return any(self.cleaned_data.get(name, "-") for name in names)

    @property
    def _types_grant(self) -> bool:
        new_client = "oauth_client_id" in self.changed_data and self._typed("oauth_client_id")
        return new_client or self._typed("oauth_client_secret", "oauth_refresh_token")

    @property
    def _keeps_grant(self) -> bool:
        return self._stored is not None and not self._typed("secret")

    @property
    def _moved(self) -> set[str]:
        """The fields that say whose secrets the stored ones are, as far as they have changed."""
        stored = self.instance.sealed_secret or self.instance.sealed_oauth
        return (MAILBOX | HOSTS) & set(self.changed_data) if stored else set()

    def clean_secrets(self) -> None:
        """For ``clean``, once the other fields are known."""
        if self._types_grant:
            self._clean_grant()
        elif self._typed("secret"):
            self._refuse_same_code()
        elif self._keeps_grant and self._typed("oauth_client_id"):
            self._refuse_stored("oauth_refresh_token")
            self._refuse_second_code()
        elif self.instance.sealed_secret:
            self._refuse_stored("secret")
            self._refuse_same_code()
        else:
            self._ask_for_secret()

    def _clean_grant(self) -> None:
        preset = PRESETS.get(self.cleaned_data.get("preset", ""))
        if preset and not preset.token_url:
            self.add_error("oauth_client_id", _("This provider is not used with OAuth2 here."))
        if self._typed("secret"):
            text = _("Enter either an authorization code or what OAuth2 needs, not both.")
            self.add_error("oauth_client_id", text)
        if not self._typed("oauth_client_id"):
            self.add_error("oauth_client_id", _("OAuth2 needs a client id."))
        another = self._stored is None or bool(MAILBOX & self._moved)
        another = another or "oauth_client_id" in self.changed_data
        if another and not self._typed("oauth_refresh_token"):
            text = _("A new client or mailbox needs a refresh token of its own.")
            self.add_error("oauth_refresh_token", text)
        self._refuse_second_code()

    @sensitive_variables()
    def _refuse_same_code(self) -> None:
        """Typed or stored: else a refused code would take its own place."""
        first = self.cleaned_data.get("secret") or _unsealed(self.instance.sealed_secret)
        second = self.cleaned_data.get("next_secret")
        if not (second or self.cleaned_data.get("forget_next") or self._moved):
            second = _unsealed(self.instance.sealed_next_secret)
        if first and first == second:
            self.add_error("next_secret", _("It is the same as the first one."))

    def _refuse_second_code(self) -> None:
        if self._typed("next_secret"):
            self.add_error("next_secret", _("With OAuth2 there is no code, and no second one."))

    def _refuse_stored(self, field: str) -> None:
        """No stored secret is used for a mailbox, or shown to a host, that it was not given for."""
        if MAILBOX & self._moved:
            self.add_error(field, _("The stored code is another mailbox's: enter the new one."))
        elif self._moved:
            self.add_error(field, _("The stored code is shown to no other host: enter it again."))

    def _ask_for_secret(self) -> None:
        preset = PRESETS.get(self.cleaned_data.get("preset", ""))
        if preset and preset.token_url:
            text = _("Enter an authorization code, or client id and refresh token for OAuth2.")
            self.add_error("secret", text)
        else:
            self.add_error("secret", forms.Field.default_error_messages["required"])

    @sensitive_variables()
    def seal_into(self, row: Account) -> set[str]:
        """What was typed, sealed. Returns the columns set: a worker may write the others now."""
        now = timezone.now()
        columns: dict[str, Any] = {}
        no_code = {"sealed_secret": None, "sealed_next_secret": None, "next_secret_set_at": None}
        no_token = {"sealed_access_token": None, "access_token_expires_at": None}
        if self._types_grant:
            grant = self._grant().sealed()
            columns = {"sealed_oauth": grant, "secret_set_at": now} | no_token
            if row.sealed_secret:
                columns |= no_code
        elif code := self.cleaned_data["secret"]:
            columns = {"sealed_secret": sealing.seal(code.encode()), "secret_set_at": now}
            if row.sealed_oauth:
                columns |= {"sealed_oauth": None} | no_token
            row.oauth_client_id = ""
        if code := self.cleaned_data["next_secret"]:
            sealed = sealing.seal(code.encode())
            columns |= {"sealed_next_secret": sealed, "next_secret_set_at": now}
        elif row.sealed_next_secret and (self.cleaned_data.get("forget_next") or self._moved):
            columns |= {"sealed_next_secret": None, "next_secret_set_at": None}
        for name, value in columns.items():
            setattr(row, name, value)
        return set(columns)

    @sensitive_variables()
    def _grant(self) -> Grant:
        client_secret = self.cleaned_data["oauth_client_secret"]
        refresh_token = self.cleaned_data["oauth_refresh_token"]
        if self._stored and "oauth_client_id" not in self.changed_data:
            client_secret = client_secret or self._stored.client_secret
            refresh_token = refresh_token or self._stored.refresh_token
        return Grant(client_secret, refresh_token)

    @sensitive_variables()
    def sending_account(self) -> SendingAccount:
        """What a valid form describes; nothing is saved.

        With OAuth2 that was typed the provider is asked for an access token. Raises
        ConfigurationError or another MailcenterError.
        """
        row = copy(self.instance)
        if "sealed_oauth" in self.seal_into(row) and row.sealed_oauth:
            return from_row(row, access_token=tokens.fetch(row))
        return from_row(row)


@sensitive_variables()
def _grant(row: Account) -> Grant | None:
    """None where there is none, or none that a key opens."""
    try:
        return Grant.of(row)
    except MailcenterError:
        return None


@sensitive_variables()
def _unsealed(sealed: bytes | None) -> str:
    """ "" where there is none, or none that a key opens."""
    try:
        return sealing.unseal(bytes(sealed)).decode() if sealed else ""
    except sealing.CannotUnseal:
        return ""


def without_controls(text: str) -> str:
    """Raises ValidationError."""
    if CONTROL.search(text):
        raise ValidationError(_("There is a line break or another control character in it."))
    return text
