"""A mail provider on this machine that answers as smtp.qq.com does, and its inbox.

Nothing leaves the machine: the server listens on loopback only and keeps what it accepts.
"""

from __future__ import annotations

from pathlib import Path

from mailcenter import conf


def configured() -> bool:
    """Whether the site's mail goes to the practice server."""
    return (conf.get("ACCOUNT").get("PROVIDER") or "practice") == "practice"


def folder() -> Path:
    """Where certificate, token and mails lie; made when it is missing."""
    path = Path(conf.get("PRACTICE_DIR"))
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
