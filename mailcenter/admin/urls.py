"""To be included before Django's own addresses of the admin, as ``admin/mailcenter/``."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from mailcenter.admin import dashboard

urlpatterns = [path("", admin.site.admin_view(dashboard.view), name="mailcenter_dashboard")]
