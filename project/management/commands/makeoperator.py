from __future__ import annotations

import secrets
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

# Mail to it lands in the practice inbox, a password reset too.
PRACTICE_OPERATOR = "operator@practice.test"


class Command(BaseCommand):
    help = "Create the first operator with a random password, or give the operator a new one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-password",
            action="store_true",
            help="Set a new random password where the operator exists.",
        )

    def handle(self, *, new_password: bool, **options: Any) -> None:
        users = get_user_model()
        with transaction.atomic():
            operator = users._default_manager.filter(is_superuser=True).order_by("pk").first()
            if operator and not new_password:
                return
            if operator is None:
                email = (
                    PRACTICE_OPERATOR
                    if settings.PRACTICE
                    else settings.MAILCENTER["ACCOUNT"]["ADDRESS"] or PRACTICE_OPERATOR
                )
                operator = users._default_manager.create_superuser(username="operator", email=email)
                EmailAddress.objects.create(user=operator, email=email, verified=True, primary=True)
            password = secrets.token_urlsafe(12)
            operator.set_password(password)
            operator.save(update_fields=["password"])
        # On a terminal only, and once: nothing keeps it but its hash.
        self.stdout.write(_("Operator:  %(email)s") % {"email": operator.email})
        self.stdout.write(
            _("Password:  %(password)s  (shown this once; `make admin` sets a new one)")
            % {"password": password}
        )
