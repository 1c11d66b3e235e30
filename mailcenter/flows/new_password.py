"""The pages on which a visitor sets a new password, after the link or the code of a reset mail."""

from __future__ import annotations

from typing import Any

from allauth.account.views import CompletePasswordResetView, PasswordResetFromKeyView
from django.http import HttpResponse

from mailcenter.flows.progress import note_done, note_opened

KIND = "password_reset"


class NewPasswordByLinkView(PasswordResetFromKeyView):
    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        note_opened(KIND, user_id=self.reset_user.pk)
        return super().get(*args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        note_done(KIND, user_id=self.reset_user.pk)
        return response


class NewPasswordByCodeView(CompletePasswordResetView):
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        note_done(KIND, address=self._process.state["email"])
        return response
