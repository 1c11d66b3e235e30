"""The practice inbox."""

from __future__ import annotations

from django.urls import path

from mailcenter.practice import views

app_name = "practice"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("recipients/", views.recipients, name="recipients"),
    path("<str:key>/", views.mail, name="mail"),
    path("<str:key>/html/", views.html, name="html"),
]
