"""The list of messages, and the addresses of the pages about one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import truncatechars
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from mailcenter import harmless, kinds, resend
from mailcenter.admin import bulk_resend, confirmation, detail, display, message_export, users
from mailcenter.admin.long_lists import Since
from mailcenter.admin.message_list import MessageList
from mailcenter.admin.read_only import ReadOnlyAdmin
from mailcenter.models import Content, Message

# Asks for the rows alone, to take the place of those on the page.
LIVE = "_live"
ROWS = "admin/mailcenter/message/change_list_rows.html"
SUBJECT_SHOWN = 60
HINDRANCE_SHOWN = 70


class KindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return kinds.choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = [
        "state",
        "last_reply",
        "to",
        "subject_line",
        "attempt_count",
        "age",
        "kind_name",
    ]
    list_display_links = ["to", "subject_line"]
    # The others have no index of their own.
    sortable_by = ["age"]
    list_filter = ["status", KindFilter, "last_verdict", ("created_at", Since), "account"]
    show_facets = admin.ShowFacets.NEVER
    # Not looked through: without any there would be no box.
    search_fields = ["message_id"]
    actions = ["resend_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """With what the page of one shows; the list begins anew."""
        return detail.whole(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MessageList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        live = LIVE in request.GET
        if live:
            # Django would take it for a filter, and put it into every link.
            query = request.GET.copy()
            del query[LIVE]
            request.GET = query  # type: ignore[assignment]
        extra = {"may_export": self.may(request, "export_message"), **(extra_context or {})}
        response = super().changelist_view(request, extra)
        if live and isinstance(response, TemplateResponse):
            response.template_name = ROWS
        return response

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """The list itself narrows what it shows: it has to tell what it could not understand."""
        return queryset, False

    def action_checkbox(self, obj: Message) -> SafeString:
        """As Django's, which takes a tenth of the page's time to render a template for each row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select this object for an action - {}").format(obj),
        )

    @admin.display(description=_("status"))
    def state(self, message: Any) -> SafeString:
        chip = display.chip(message.status, display.label(message, "status"))
        if not message.hindrance:
            return chip
        # A server's words may be part of the first sentence.
        why, *more = detail.hindrance_words(message.hindrance)
        shown = truncatechars(why, HINDRANCE_SHOWN)
        words = '{}<div class="small quiet"><span title="{}">{}</span> {}</div>'
        return format_html(words, chip, why, shown, " ".join(more))

    @admin.display(description=_("recipients"))
    def to(self, message: Any) -> str:
        more = (message.recipient_count or 0) - 1
        if more < 1:
            return message.first_recipient or display.NOTHING
        return ngettext("%(first)s and %(count)d more", "%(first)s and %(count)d more", more) % {
            "first": message.first_recipient,
            "count": more,
        }

    @admin.display(description=_("subject"))
    def subject_line(self, message: Message) -> SafeString:
        shown = truncatechars(message.subject, SUBJECT_SHOWN) or _("(no subject)")
        return format_html('<span title="{}">{}</span>', message.subject, shown)

    @admin.display(description=_("kind"))
    def kind_name(self, message: Message) -> Any:
        return kinds.get(message.kind).label

    @admin.display(description=_("last reply"))
    def last_reply(self, message: Message) -> SafeString:
        return display.reply(message.last_reply_code, display.label(message, "last_verdict"))

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, message: Message) -> SafeString:
        return display.age(message.created_at)

    def describe(self, request: HttpRequest, message: Message) -> dict[str, Any]:
        detail.fetch(message)
        acts = confirmation.open_to(self, request, message)
        obstacle = resend.obstacle(message) if confirmation.RESEND in acts else ""
        if obstacle:
            acts.remove(confirmation.RESEND)
        return {**detail.describe(request, message), "acts": acts, "obstacle": obstacle}

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "resend_message")

    @admin.action(permissions=["resend"], description=_("Resend the selected messages"))
    def resend_selected(
        self, request: HttpRequest, queryset: QuerySet[Message]
    ) -> HttpResponse | None:
        return bulk_resend.resend_selected(self, request, queryset)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                f"<int:pk>/{act.name}/",
                wrap(partial(confirmation.act_view, model_admin=self, act=act)),
                name=f"mailcenter_message_{act.name}",
            )
            for act in confirmation.ACTS
        ]
        html = path("<int:pk>/html/", wrap(self.html_view), name="mailcenter_message_html")
        export = path(
            "export/",
            wrap(partial(message_export.export_view, model_admin=self)),
            name="mailcenter_message_export",
        )
        return [*own, html, export, *users.urls(self), *super().get_urls()]

    @method_decorator([require_safe, xframe_options_sameorigin])
    def html_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The redacted HTML on its own, for the frame of the message's page."""
        message: Message = self.row_or_refuse(request, pk)
        content = Content.objects.filter(message=pk).defer("sealed").first()
        if content is None or not content.redacted["html"]:
            raise Http404
        return harmless.response(content.redacted["html"], detail.images(message))
