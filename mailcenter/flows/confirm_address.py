"""The page that the link of a verification mail leads to."""

from __future__ import annotations

from typing import Any

from allauth.account.views import ConfirmEmailView
from django.http import HttpResponse

from mailcenter.flows.progress import note_done, note_opened

KIND = "email_verification"


class ConfirmAddressView(ConfirmEmailView):
    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(*args, **kwargs)
        if self.object:
            note_opened(KIND, address=self.object.email_address.email)
        return response

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(*args, **kwargs)
        address = self.object.email_address
        if address.verified:
            note_done(KIND, address=address.email)
        return response
