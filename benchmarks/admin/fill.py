"""What `seedmail` leaves out: ``python -m benchmarks.admin.fill``, in a seeded site's process.

A second account and a published template, each with a few of the mails; some mails that wait; an
operator; and all mails once more, in django-post_office's tables.
"""

from __future__ import annotations

import django
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection

SPARE = "spare"
OPERATOR = "operator"
# One in so many belongs to the spare account, and to the published template.
FEW = 100
MOVE = """
UPDATE mailcenter_{table} SET account_id = %s WHERE {key} %% %s = 0
"""
WRITE = """
UPDATE mailcenter_message SET template_version_id = %s WHERE id %% %s = 1
"""
# So many of the newest wait: of few mails none may be young enough.
WAITING = 20
WAIT = """
UPDATE mailcenter_message SET status = 'queued', sent_at = NULL, finished_at = NULL
WHERE id > (SELECT MAX(id) FROM mailcenter_message) - %s
"""
# Their mails have a status for each of sent, failed and queued.
MAILS = """
INSERT INTO post_office_email (
    id, from_email, "to", cc, bcc, subject, message, html_message, status, priority, created,
    last_updated, message_id, number_of_retries, backend_alias
)
SELECT
    mail.id, from_email, address, '', '', subject, 'Nobody was ever meant to read this.', '',
    CASE mail.status WHEN 'sent' THEN 0 WHEN 'queued' THEN 2 ELSE 1 END, 2, created_at,
    COALESCE(finished_at, created_at), mail.message_id, attempt_count, ''
FROM mailcenter_message AS mail
JOIN mailcenter_recipient AS first ON first.id = (
    SELECT MIN(id) FROM mailcenter_recipient AS one WHERE one.message_id = mail.id
)
ORDER BY mail.id
"""
LOGS = """
INSERT INTO post_office_log (email_id, date, status, exception_type, message)
SELECT
    message_id, started_at, CASE outcome WHEN 'accepted' THEN 0 ELSE 1 END, '', reply_text
FROM mailcenter_attempt
ORDER BY id
"""


def main() -> None:
    django.setup()
    from mailcenter.models import Account, Template, TemplateVersion

    users = get_user_model()._default_manager
    users.create_superuser(OPERATOR, "operator@sink.test", None)
    Account.objects.create(slug=SPARE, address="spare@sink.test", enabled=False)
    template, _made = Template.objects.get_or_create(slug="system", language="en")
    version = TemplateVersion.objects.create(template=template, number=1, text="{{ text }}")
    Template.objects.filter(pk=template.pk).update(published=version)
    with connection.cursor() as cursor:
        for table, key in (("message", "id"), ("attempt", "message_id")):
            cursor.execute(MOVE.format(table=table, key=key), [SPARE, FEW])
        cursor.execute(WRITE, [version.pk, FEW])
        cursor.execute(WAIT, [WAITING])
        if apps.is_installed("post_office"):
            cursor.execute(MAILS)
            cursor.execute(LOGS)
        if connection.vendor == "postgresql":
            # As it would by itself some minutes later.
            cursor.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    main()
