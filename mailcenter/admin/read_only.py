"""History is read: nobody adds, edits or deletes it, a superuser neither."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404


class ReadOnlyAdmin(admin.ModelAdmin):
    list_per_page = 50
    # Counting a table of millions to say "of 3,141,592" costs more than the page.
    show_full_result_count = False

    class Media:
        css = {"all": ["mailcenter/admin.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the right to view opens a page; Django would take the one to change as well."""
        return self.may(request, get_permission_codename("view", self.opts))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """None: each model has a page of its own instead of a form."""
        return []

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        refuse_nul(*(value for values in request.GET.lists() for value in values[1]))
        return super().changelist_view(request, extra_context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        refuse_nul(object_id)
        return super().get_object(request, object_id, from_field)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        context.update(self.describe(request, obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def describe(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page of one row shows, beside the row."""
        raise NotImplementedError

    def may(self, request: HttpRequest, codename: str) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def row_or_refuse(self, request: HttpRequest, pk: Any) -> Any:
        """For pages beside Django's own. Raises PermissionDenied before it looks, then Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.model, pk=pk)

    def page_context(self, request: HttpRequest, row: Model, **more: Any) -> dict[str, Any]:
        """For a page about one row, in the admin's frame."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "media": self.media,
            **more,
        }


def refuse_nul(*values: str) -> None:
    """Raises BadRequest: PostgreSQL takes no text with a NUL, and Django hands it on."""
    if any("\0" in value for value in values):
        raise BadRequest("NUL in the address")
