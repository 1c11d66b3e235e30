from mailcenter.models.account import Account
from mailcenter.models.account_event import AccountEvent
from mailcenter.models.attempt import Attempt
from mailcenter.models.checkup import Checkup
from mailcenter.models.content import Content
from mailcenter.models.mail_language import MailLanguage
from mailcenter.models.message import Message
from mailcenter.models.operator_action import OperatorAction
from mailcenter.models.recipient import Recipient
from mailcenter.models.tally import CountedHour, Tally
from mailcenter.models.template import Template
from mailcenter.models.template_event import TemplateEvent
from mailcenter.models.template_version import TemplateVersion
from mailcenter.models.worker_heartbeat import WorkerHeartbeat

__all__ = [
    "Account",
    "AccountEvent",
    "Attempt",
    "Checkup",
    "Content",
    "CountedHour",
    "MailLanguage",
    "Message",
    "OperatorAction",
    "Recipient",
    "Tally",
    "Template",
    "TemplateEvent",
    "TemplateVersion",
    "WorkerHeartbeat",
]
