"""Read, explain, resend. Django finds the pages through this package."""

from mailcenter.admin import accounts, attempts, messages

__all__ = ["accounts", "attempts", "messages"]
