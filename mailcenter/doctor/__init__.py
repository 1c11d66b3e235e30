"""Looks at each step of sending, one by one, and sends nothing.

    for step in examine(account, recipient="visitor@example.com"):
        print(step.finding)

It goes the way of a real mail, with the same client, as far as RCPT; then it takes its leave.
"""

from mailcenter.doctor.examining import examine
from mailcenter.doctor.keeping import keep, passed
from mailcenter.doctor.step import Name, State, Step

__all__ = ["Name", "State", "Step", "examine", "keep", "passed"]
