from mailcenter.models.account import Account
from mailcenter.models.attempt import Attempt
from mailcenter.models.content import Content
from mailcenter.models.message import Message
from mailcenter.models.operator_action import OperatorAction
from mailcenter.models.recipient import Recipient

__all__ = ["Account", "Attempt", "Content", "Message", "OperatorAction", "Recipient"]
