"""A template as its readers will see it, from words that need not be saved."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.utils.translation import gettext as _

from mailcenter import conf, harmless, mail
from mailcenter.admin.template_form import Draft
from mailcenter.exceptions import MailcenterError
from mailcenter.freezing import freeze
from mailcenter.models import Template
from mailcenter.rendering import Composed, contracts, preview
from mailcenter.templating.advice import Advice, advise, spam
from mailcenter.transports import environment_account

# Whom the mail that is shown goes to.
READER = "reader@example.com"


class NoSuchUser(MailcenterError):  # noqa: N818
    """Nobody, or more than one, goes by what was typed; the text says so."""


@dataclass(frozen=True)
class Sight:
    """light, dark: documents for frames. html: its source. raw: the whole mail."""

    subject: str
    text: str
    html: str
    light: str
    dark: str
    raw: str


def look(template: Template, draft: Draft) -> Sight:
    """Also of words that can't be saved, where a mail comes of them.

    Raises TemplateFailed and NoSuchUser.
    """
    composed = _composed(template, draft, lenient=True)
    shown, logo = composed.real, composed.logo
    images = {"logo": harmless.data_url(logo.content, logo.mime_type)} if logo else {}
    return Sight(
        subject=shown.subject,
        text=shown.text,
        html=shown.html,
        light=harmless.preview(shown.html, images, dark=False),
        dark=harmless.preview(shown.html, images, dark=True),
        raw=_raw(composed).decode("ascii", "replace").replace("\r\n", "\n"),
    )


def warnings(template: Template, draft: Draft) -> list[Advice]:
    """For each case; what holds for several is said once. Raises TemplateFailed."""
    found: dict[Advice, None] = {}
    for case in contracts.of(template.slug).cases:
        composed = _composed(template, Draft(draft.parts, draft.logo, case))
        size = len(_raw(composed))
        for advice in advise(composed.real, site_url=conf.get("SITE_URL"), raw_size=size):
            found[advice] = None
    return list(found)


def spam_warnings(template: Template, draft: Draft) -> list[Advice]:
    """SpamAssassin's, where the machine has it. It takes a second. Raises TemplateFailed."""
    raw = _raw(_composed(template, Draft(draft.parts, draft.logo, draft.case)))
    return spam.advice(spam.score(raw)) if raw else []


def _composed(template: Template, draft: Draft, *, lenient: bool = False) -> Composed:
    return preview.unsaved(
        template.slug,
        template.language,
        draft.parts,
        draft.case,
        logo=draft.logo,
        user=_user(draft.user) if draft.user else None,
        lenient=lenient,
    )


def _user(name: str) -> AbstractBaseUser:
    model = get_user_model()
    by_address = Q(**{f"{model.get_email_field_name()}__iexact": name})
    by_name = Q(**{model.USERNAME_FIELD: name})
    found = list(model._default_manager.filter(by_address | by_name)[:2])
    if not found:
        raise NoSuchUser(_("No user has this address or name."))
    if len(found) > 1:
        raise NoSuchUser(_("More than one user has this address: enter the user name."))
    return found[0]


def _raw(composed: Composed) -> bytes:
    """As it would leave; b"" where the site's account can't send anything."""
    try:
        frozen = freeze(mail.email_of(composed, READER), environment_account())
    except (MailcenterError, ValueError):
        return b""
    return frozen.raw if frozen else b""
