"""The first page of the app: how the mail fares, what is broken, and what to do about it.

What has happened comes from the tallies, what is so now from the tables by an index: no query
takes longer where there are more rows.
"""

from mailcenter.admin.dashboard.page import view

__all__ = ["view"]
