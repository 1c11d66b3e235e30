"""Reply -> Verdict: what a server's words mean and what to do about them."""

from mailcenter.replies.catalog import CATALOG, CATCH_ALL
from mailcenter.replies.classify import classify
from mailcenter.replies.entry import Entry, VerdictClass
from mailcenter.replies.reply import Failure, Reply, Stage
from mailcenter.replies.verdict import Verdict

__all__ = [
    "CATALOG",
    "CATCH_ALL",
    "Entry",
    "Failure",
    "Reply",
    "Stage",
    "Verdict",
    "VerdictClass",
    "classify",
]
