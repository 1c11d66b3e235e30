"""What the site answers to."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from project.views import HomeView, ProfileView

# The limits on guessing passwords hold for the admin's log-in too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Mailcenter"
# The lists are wide, and there are few of them.
admin.site.enable_nav_sidebar = False

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("profile/", ProfileView.as_view(), name="profile"),
    path("accounts/", include("mailcenter.flows.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    # The site's page tells the owner of the account by mail; the admin's own would not.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    # The app's own first page, in the place of Django's.
    path("admin/mailcenter/", include("mailcenter.admin.urls")),
    path("admin/", admin.site.urls),
]

if settings.PRACTICE:
    urlpatterns.append(path("practice/", include("mailcenter.practice.urls")))
