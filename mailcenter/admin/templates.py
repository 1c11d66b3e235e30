"""Mail templates: the list, and the page of each with its contract and its versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from mailcenter.admin import (
    display,
    template_display,
    template_editor,
    template_page,
    template_versions,
)
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.models import Template
from mailcenter.rendering import contracts


class LanguageFilter(admin.SimpleListFilter):
    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(code, template_display.language(code)) for code in contracts.languages()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Template]) -> QuerySet[Template]:
        return queryset.filter(language=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(template_display.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Template]) -> QuerySet[Template]:
        found: QuerySet[Template] = queryset.filter(**{"state": self.value()})
        return found if self.value() else queryset


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    list_display = ["mail", "language_name", "state", "last_saved"]
    list_filter = [LanguageFilter, StateFilter]
    # Only for the field to appear; get_search_results knows the names of the mails too.
    search_fields = ["slug"]
    search_help_text = _("Name of the mail")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return template_display.with_state(Template.objects.all())

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        return ["place", "slug", "language"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Template], search_term: str
    ) -> tuple[QuerySet[Template], bool]:
        for word in search_term.split():
            named = [
                slug
                for slug, label in contracts.slugs()
                if word.casefold() in str(label).casefold()
            ]
            queryset = queryset.filter(Q(slug__icontains=word) | Q(slug__in=named))
        return queryset, False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.has_view_permission(request):
            slugs = [slug for slug, _label in contracts.slugs()]
            Template.objects.complete(product(slugs, contracts.languages()))
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("mail"), ordering="place")
    def mail(self, template: Template) -> SafeString:
        return format_html(
            '{}<div class="small quiet">{}</div>',
            template_display.label(template.slug),
            template.slug,
        )

    @admin.display(description=_("language"), ordering="language")
    def language_name(self, template: Template) -> str:
        return template_display.language(template.language)

    @admin.display(description=_("status"), ordering="state")
    def state(self, template: Template) -> SafeString:
        remarks = [template_display.failing(template), template_display.unpublished(template)]
        below = format_html_join(
            "", '<div class="small">{}</div>', ((remark,) for remark in remarks if remark)
        )
        return format_html("{}{}", template_display.chip(template), below)

    @admin.display(description=_("last saved"), ordering="newest_at")
    def last_saved(self, template: Any) -> str | SafeString:
        if template.newest_at is None:
            return display.NOTHING
        author = template_display.author(template.newest_author)
        at = template.newest_at
        return format_html(
            '<time datetime="{}">{}</time> · {}', at.isoformat(), display.moment(at), author
        )

    def describe(self, request: HttpRequest, template: Template) -> dict[str, Any]:
        return {
            **template_page.describe(template),
            "title": template_display.title(template),
            "subtitle": None,
            "may_edit": self.may(request, "change_template"),
            "may_publish": self.may(request, "publish_template"),
        }

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("<int:pk>/edit/", template_editor.edit_view, "edit"),
            ("<int:pk>/compare/", template_versions.compare_view, "compare"),
            ("<int:pk>/default/", template_versions.default_view, "default"),
            ("version/<int:pk>/", template_versions.version_view, "version"),
            ("version/<int:pk>/publish/", template_versions.publish_view, "publish"),
        ]
        wrap = self.admin_site.admin_view
        own = [
            path(route, wrap(partial(view, model_admin=self)), name=f"mailcenter_template_{name}")
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]
