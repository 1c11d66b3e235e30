"""Who acts, and the line about it in the admin's own history."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise


def operator(request: HttpRequest) -> AbstractBaseUser:
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user


def own_address(request: HttpRequest) -> str:
    """The operator's, or ""."""
    user = operator(request)
    return str(getattr(user, user.get_email_field_name(), "") or "")


def record(request: HttpRequest, row: Model, what: str | Promise) -> None:
    """It goes with the operator's row; an OperatorAction stays."""
    who = operator(request).pk
    LogEntry.objects.log_actions(who, [row], CHANGE, str(what), single_object=True)
