"""The part of an account's form that says which server and port."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailcenter.transports.public_hosts import is_obviously_private
from mailcenter.transports.variables import TLS_OF_PORT, is_host

# For who has the permission set_custom_host.
CUSTOM = ("host", "security", "username", "imap_host", "imap_port")


class ServerForm(forms.ModelForm):
    """may_set_host: whether the operator has the permission set_custom_host."""

    may_set_host = False

    port = forms.IntegerField(
        label=_("Port"),
        required=False,
        min_value=1,
        max_value=65_535,
        help_text=_(
            "Empty: the provider's own. 465 and 994 speak TLS from the start, 587 and 25 STARTTLS."
        ),
    )
    security = forms.ChoiceField(
        label=_("Kind of TLS"),
        required=False,
        choices=[
            ("", _("as the port needs it")),
            ("ssl", _("TLS from the start")),
            ("starttls", "STARTTLS"),
        ],
    )
    imap_port = forms.IntegerField(
        label=_("IMAP port"),
        required=False,
        min_value=1,
        max_value=65_535,
        help_text=_("Empty: 993. It must speak TLS from the start."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if not self.may_set_host:
            for name in CUSTOM:
                fields.pop(name, None)
            # It says where on that host to connect.
            fields["port"].disabled = self.instance.preset == "custom"

    def clean_host(self) -> str:
        return _public(self.cleaned_data["host"])

    def clean_imap_host(self) -> str:
        return _public(self.cleaned_data["imap_host"])

    def clean_server(self) -> None:
        """For ``clean``, once the other fields are known."""
        preset, port = self.cleaned_data.get("preset"), self.cleaned_data.get("port")
        if preset == "custom":
            if self.may_set_host:
                self._clean_custom(port)
        elif preset:
            self._clean_known(port)

    def _clean_custom(self, port: int | None) -> None:
        if "host" in self.cleaned_data and not self.cleaned_data["host"]:
            self.add_error("host", _("Enter the host of the mail server."))
        if not self.cleaned_data.get("security"):
            security = TLS_OF_PORT.get(port or 465)
            if security is None:
                text = _("Choose what this port speaks: TLS from the start, or STARTTLS.")
                self.add_error("security", text)
            self.cleaned_data["security"] = security or ""

    def _clean_known(self, port: int | None) -> None:
        stored = self.instance
        if self.may_set_host:
            changed = set(self.changed_data)
            for name in ("host", "username", "imap_host", "imap_port"):
                if self.cleaned_data.get(name) and {"preset", name} & changed:
                    text = _("Only with the provider “custom server”; empty it for any other one.")
                    self.add_error(name, text)
            host = self.cleaned_data.get("host")
        else:
            if stored.preset == "custom":
                port = self.cleaned_data["port"] = None
                for name in CUSTOM:
                    setattr(stored, name, stored._meta.get_field(name).get_default())
            host = stored.host
        if port is not None and port not in TLS_OF_PORT:
            text = _("A provider's port is 465, 587, 994 or 25; others need “custom server”.")
            self.add_error("port", text)
        if not host:
            security = TLS_OF_PORT.get(port or 0, "")
            self.cleaned_data["security"] = stored.security = security


def _public(host: str) -> str:
    """Raises ValidationError. What a name leads to is seen at each connection."""
    if host and not is_host(host):
        raise ValidationError(
            _("It must be a host name such as %(example)s, without scheme or port.")
            % {"example": "mail.example.com"}
        )
    if host and is_obviously_private(host):
        raise ValidationError(
            _("It must be a host on the public Internet; a private one is set in the environment.")
        )
    return host
