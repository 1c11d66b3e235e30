"""Read, explain, resend, write. Django finds the pages through this package."""

from mailcenter.admin import accounts, attempts, messages, templates

__all__ = ["accounts", "attempts", "messages", "templates"]
