"""The form for an operator's own account. Its authorization code goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import kinds, sealing
from mailcenter.addresses import CONTROL
from mailcenter.delivery.accounts import preset_of
from mailcenter.models import Account
from mailcenter.transports import PRESETS
from mailcenter.transports.variables import with_ascii_domain

# Those that need more than an address and a code.
NOT_OFFERED = {"custom", "practice", "anymail"}
FIELDS = (
    "preset",
    "address",
    "secret",
    "from_name",
    "enabled",
    "order",
    "kinds",
    "per_minute",
    "per_day",
    "spacing_seconds",
)
# Columns of the row; the secret is sealed first.
COLUMNS = tuple(name for name in FIELDS if name != "secret")


class AccountForm(forms.ModelForm):
    preset = forms.ChoiceField(label=_("Provider"))
    address = forms.EmailField(label=_("Address"), widget=AdminEmailInputWidget)
    secret = forms.CharField(
        label=_("Authorization code"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text=_("Not the password of the mailbox. Spaces in it do no harm."),
    )
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
            "per_minute": _("Mails a minute"),
            "per_day": _("Mails a day"),
        }
        help_texts = {
            "from_name": _("What readers see beside the address, such as the site's name."),
            "order": _("The lower one takes over first; those of the environment come before all."),
            "per_minute": _("Empty: as the provider allows. 0: no limit."),
            "per_day": _("Empty: as the provider allows. 0: no limit."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["preset"].choices = [
            (preset.slug, preset.label)
            for preset in PRESETS.values()
            if preset.slug not in NOT_OFFERED or preset.slug == self.instance.preset
        ]
        fields["kinds"].choices = kinds.choices()
        if self.instance.sealed_secret:
            fields["secret"].required = False
            fields["secret"].help_text = _("Leave it empty to keep the stored one.")

    def clean_address(self) -> str:
        try:
            return with_ascii_domain(self.cleaned_data["address"])
        except UnicodeError:
            raise ValidationError(forms.EmailField.default_error_messages["invalid"]) from None

    def clean_from_name(self) -> str:
        return _without_controls(self.cleaned_data["from_name"])

    @sensitive_variables()
    def clean_secret(self) -> str:
        # Shown in groups of four on QQ's page, and often pasted with a line end.
        return _without_controls("".join(self.cleaned_data["secret"].split()))

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        moved = {"preset", "address"} & set(self.changed_data)
        if self.instance.sealed_secret and moved and not cleaned.get("secret", "-"):
            self.add_error("secret", _("The stored code is another mailbox's: enter the new one."))
        if cleaned["enabled"] and {"address", "preset"} <= cleaned.keys() and self._is_taken():
            self.add_error(
                "address", _("This mailbox has an account already: its limits would count twice.")
            )
        return cleaned

    def _is_taken(self) -> bool:
        host = PRESETS[self.cleaned_data["preset"]].host
        others = Account.objects.filter(enabled=True, address__iexact=self.cleaned_data["address"])
        others = others.exclude(pk=self.instance.pk)
        return any((preset := preset_of(row)) and preset.host == host for row in others)

    @sensitive_variables()
    def save(self, commit: bool = True) -> Account:
        if secret := self.cleaned_data["secret"]:
            self.instance.sealed_secret = sealing.seal(secret.encode())
        if not self.instance.slug:
            self.instance.slug = new_slug(self.instance.address)
        account: Account = super().save(commit=commit)
        return account


def new_slug(address: str) -> str:
    """From "shop@qq.com" to "shop-qq-com", or "shop-qq-com-2" where that one exists."""
    stem = slugify(address.replace("@", "-").replace(".", "-"))[:40]
    if not stem or stem.startswith(Account.ENVIRONMENT):
        stem = f"mail-{stem}"
    taken = set(Account.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    number = 1
    slug = stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def _without_controls(text: str) -> str:
    if CONTROL.search(text):
        raise ValidationError(_("There is a line break or another control character in it."))
    return text
