"""What an operator was given for OAuth2, and how it went with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailcenter import sealing
from mailcenter.exceptions import ConfigurationError
from mailcenter.models import Account


@dataclass(frozen=True)
class Grant:
    """What ``Account.sealed_oauth`` holds, as a JSON object.

    client_secret: "" where the client has none.
    asked_at: when any worker last asked for an access token (epoch seconds); 0: nobody has.
    trouble: why there was none; "" where there was.
    """

    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    asked_at: float = 0
    trouble: str = ""

    @classmethod
    @sensitive_variables()
    def of(cls, row: Account) -> Grant:
        """Raises CannotUnseal, or ConfigurationError where there is no refresh token."""
        values = json.loads(sealing.unseal(bytes(row.sealed_oauth))) if row.sealed_oauth else {}
        if not values.get("refresh_token"):
            raise ConfigurationError(_("It has no refresh token."))
        return cls(
            client_secret=values.get("client_secret") or "",
            refresh_token=values["refresh_token"],
            asked_at=values.get("asked_at", 0),
            trouble=values.get("trouble", ""),
        )

    @sensitive_variables()
    def sealed(self) -> bytes:
        return sealing.seal(json.dumps(asdict(self)).encode())

    @property
    def digest(self) -> str:
        """Another one where an operator has stored something else; see sealing.digest."""
        return sealing.digest(f"{self.client_secret}\0{self.refresh_token}")

    def same_as(self, other: Grant) -> bool:
        """Whatever was asked meanwhile."""
        mine = (self.client_secret, self.refresh_token)
        return mine == (other.client_secret, other.refresh_token)
