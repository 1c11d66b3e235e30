"""The page on which a user chooses the language of mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from mailcenter.models import MailLanguage


def choices() -> list[tuple[str, str | Promise]]:
    return [
        ("", gettext_lazy("As the page you are on")),
        *settings.LANGUAGES,
    ]


class MailLanguageForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=choices, required=False)


@method_decorator([never_cache, login_required], name="dispatch")
class MailLanguageView(FormView):
    template_name = "account/mail_language.html"
    form_class = MailLanguageForm
    success_url = reverse_lazy("profile")

    def get_initial(self) -> dict[str, Any]:
        return {"language": self._mine().values_list("language", flat=True).first()}

    def form_valid(self, form: MailLanguageForm) -> HttpResponse:
        if language := form.cleaned_data["language"]:
            user: Any = self.request.user
            MailLanguage.objects.update_or_create(user=user, defaults={"language": language})
        else:
            self._mine().delete()
        messages.success(self.request, _("The language of your mail is saved."))
        return super().form_valid(form)

    def _mine(self) -> QuerySet[MailLanguage]:
        user: Any = self.request.user
        return MailLanguage.objects.filter(user=user)
