"""The pages of the site itself; those around the log-in are allauth's."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView


class HomeView(TemplateView):
    template_name = "site/home.html"


class ProfileView(LoginRequiredMixin, TemplateView):
    template_name = "site/profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        address = EmailAddress.objects.filter(user=self.request.user, primary=True).first()
        return super().get_context_data(address=address, **kwargs)
