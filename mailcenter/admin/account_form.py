"""The form for an operator's own account. Its authorization code goes in and never comes out."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds
from mailcenter.admin.account_secrets import SecretsForm, without_controls
from mailcenter.admin.account_server import CUSTOM, ServerForm
from mailcenter.delivery.accounts import preset_of
from mailcenter.models import Account
from mailcenter.transports import PRESETS
from mailcenter.transports.variables import with_ascii_domain

# Those that only the environment gives.
NOT_OFFERED = {"practice", "anymail"}
# Columns of the row; what is secret is sealed first, into columns that the form has no fields for.
COLUMNS = (
    "preset",
    "address",
    "from_name",
    "enabled",
    "order",
    "port",
    *CUSTOM,
    "oauth_client_id",
    "kinds",
    "per_minute",
    "per_day",
    "spacing_seconds",
)


def fieldsets(may_set_host: bool, second_code: bool) -> list[tuple[Any, dict[str, Any]]]:
    """For the admin. second_code: whether one is stored, which may be removed."""
    folded = {"classes": ["collapse"]}
    server = ("host", "port", *CUSTOM[1:]) if may_set_host else ("port",)
    second = ("next_secret", "forget_next") if second_code else ("next_secret",)
    oauth = ("oauth_client_id", "oauth_client_secret", "oauth_refresh_token")
    limits = ("kinds", "per_minute", "per_day", "spacing_seconds")
    host_help = _(
        "All but the port is for the provider “custom server” alone; its password is entered as "
        "the authorization code."
    )
    oauth_help = _("In place of an authorization code, with Gmail and Outlook.")
    return [
        (None, {"fields": ("preset", "address", "secret", "from_name", "enabled", "order")}),
        (
            _("Server") if may_set_host else _("Port"),
            {"fields": server, "description": host_help if may_set_host else "", **folded},
        ),
        (_("Second code"), {"fields": second, **folded}),
        ("OAuth2", {"fields": oauth, "description": oauth_help, **folded}),
        (_("Take-over and limits"), {"fields": limits}),
    ]


class AccountForm(ServerForm, SecretsForm):
    preset = forms.ChoiceField(label=_("Provider"))
    address = forms.EmailField(label=_("Address"), widget=AdminEmailInputWidget)
    kinds = forms.MultipleChoiceField(
        label=_("Kinds"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What it takes over from other accounts that can't send; none: everything."),
    )
    spacing_seconds = forms.FloatField(
        label=_("Seconds between two mails"),
        required=False,
        min_value=0,
        max_value=86_400,
        help_text=_("Empty: as the provider needs it. 0: no gap."),
    )

    class Meta:
        model = Account
        fields = COLUMNS
        # The admin's history translates a changed field by its label, as it stands here.
        labels = {
            "from_name": _("Name beside the address"),
            "enabled": _("In use"),
            "order": _("Order"),
            "host": _("Host"),
            "username": _("Log-in name"),
            "imap_host": _("IMAP host"),
            "oauth_client_id": _("Client id"),
            "per_minute": _("Mails a minute"),
            "per_day": _("Mails a day"),
        }
        help_texts = {
            "from_name": _("What readers see beside the address, such as the site's name."),
            "order": _("The lower one takes over first; those of the environment come before all."),
            "host": _("On the public Internet, without scheme and port: mail.example.com."),
            "username": _("Empty: the address."),
            "imap_host": _("Where its folder of sent mail is looked into; empty: nowhere."),
            "per_minute": _("Empty: as the provider allows. 0: no limit."),
            "per_day": _("Empty: as the provider allows. 0: no limit."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        unoffered = NOT_OFFERED if self.may_set_host else NOT_OFFERED | {"custom"}
        fields["preset"].choices = [
            (preset.slug, preset.label)
            for preset in PRESETS.values()
            if preset.slug not in unoffered or preset.slug == self.instance.preset
        ]
        fields["kinds"].choices = kinds.choices()

    def clean_address(self) -> str:
        try:
            return with_ascii_domain(self.cleaned_data["address"])
        except UnicodeError:
            raise ValidationError(forms.EmailField.default_error_messages["invalid"]) from None

    def clean_from_name(self) -> str:
        return without_controls(self.cleaned_data["from_name"])

    def clean_username(self) -> str:
        return without_controls(self.cleaned_data["username"])

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        self.clean_server()
        self.clean_secrets()
        if cleaned["enabled"] and {"address", "preset"} <= cleaned.keys() and self._is_taken():
            self.add_error(
                "address", _("This mailbox has an account already: its limits would count twice.")
            )
        return cleaned

    def _is_taken(self) -> bool:
        host = self._host(self.cleaned_data["preset"], self.cleaned_data.get("host"))
        others = Account.objects.filter(enabled=True, address__iexact=self.cleaned_data["address"])
        others = others.exclude(pk=self.instance.pk)
        return any(preset_of(row) and self._host(row.preset, row.host) == host for row in others)

    def _host(self, preset: str, host: str | None) -> str:
        return (host or PRESETS[preset].host).lower()

    @sensitive_variables()
    def save(self, commit: bool = True) -> Account:
        # What a change has to write; see SecretsForm.seal_into.
        self.columns = {*COLUMNS, *self.seal_into(self.instance)}
        if not self.instance.slug:
            self.instance.slug = new_slug(self.instance.address)
        account: Account = super().save(commit=commit)
        return account

    @property
    def stores_secret(self) -> bool:
        """Once saved: whether the secret to log in with is a new one."""
        return "secret_set_at" in self.columns


def new_slug(address: str) -> str:
    """From "shop@qq.com" to "shop-qq-com", or "shop-qq-com-2" where that one exists.

    Without "_", which the admin's addresses use to quote with (django.contrib.admin.utils).
    """
    stem = slugify(re.sub(r"[@._]", "-", address))[:40]
    if not stem or stem.startswith(Account.ENVIRONMENT):
        stem = f"mail-{stem}"
    taken = set(Account.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    number = 1
    slug = stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug
