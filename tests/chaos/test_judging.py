"""Each broken promise is seen, and nothing else is called one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.chaos.judging import Arrivals, Attempt, Judgement, Mail, judge

ACCEPTED = Attempt("accepted")
AGAIN = Attempt("accepted", possible_duplicate=True)
UNCERTAIN = Attempt("uncertain")
CUT = frozenset({"m1"})


def judged(
    status: str,
    attempts: Sequence[Attempt],
    copies: Sequence[int],
    *,
    cut: frozenset[str] = frozenset(),
    looks: bool = False,
) -> Judgement:
    """One mail, with a recipient for each number of copies."""
    recipients = ["m1@mail.test", "m1.cc@mail.test", "m1.bcc@mail.test"][: len(copies)]
    mail = Mail("<1@mail.test>", status, recipients, attempts)
    arrivals = Arrivals({("<1@mail.test>", a): n for a, n in zip(recipients, copies, strict=True)})
    return judge([mail], arrivals, cut, looks=looks)


@pytest.mark.parametrize(
    ("status", "attempts", "copies", "cut"),
    [
        ("sent", [ACCEPTED], [1, 1, 1], frozenset()),
        ("sent", [Attempt("interrupted"), ACCEPTED], [1], frozenset()),
        ("sent", [UNCERTAIN, AGAIN], [1], CUT),
        ("sent", [UNCERTAIN, AGAIN], [2, 2], CUT),
        ("uncertain", [UNCERTAIN], [0], CUT),
        ("uncertain", [UNCERTAIN], [1], CUT),
    ],
)
def test_a_kept_promise(status, attempts, copies, cut):
    assert judged(status, attempts, copies, cut=cut).violations == {}


@pytest.mark.parametrize(
    ("status", "attempts", "copies", "cut", "broken"),
    [
        ("sent", [ACCEPTED], [0], CUT, {"lost"}),
        ("sent", [ACCEPTED], [1, 1, 0], CUT, {"lost"}),
        ("sent", [ACCEPTED], [2], CUT, {"doubled_unmarked"}),
        ("sent", [ACCEPTED], [1, 2], CUT, {"doubled_unmarked"}),
        ("sent", [UNCERTAIN, AGAIN], [3], CUT, {"doubled_unmarked"}),
        ("sending", [Attempt("open")], [1], CUT, {"left_sending", "open_attempts"}),
        ("queued", [], [0], CUT, {"unfinished", "lost"}),
        ("failed", [Attempt("rejected")], [1], CUT, {"unfinished"}),
        ("sent", [Attempt("open"), ACCEPTED], [1], CUT, {"open_attempts"}),
        ("uncertain", [UNCERTAIN], [1], frozenset(), {"unfounded_doubt"}),
        ("sent", [UNCERTAIN, ACCEPTED], [1], frozenset(), {"unfounded_doubt"}),
        ("sent", [AGAIN], [1], frozenset(), {"unfounded_doubt"}),
    ],
)
def test_a_broken_promise(status, attempts, copies, cut, broken):
    violations = judged(status, attempts, copies, cut=cut).violations
    assert violations == {heading: ["m1"] for heading in broken}


@pytest.mark.parametrize(
    ("status", "attempts", "copies", "broken"),
    [
        ("sent", [UNCERTAIN], [1], set()),
        ("uncertain", [UNCERTAIN], [0], set()),
        ("uncertain", [UNCERTAIN], [1], {"unreconciled"}),
        ("sent", [UNCERTAIN, AGAIN], [2], {"unreconciled"}),
    ],
)
def test_where_the_sent_folder_tells(status, attempts, copies, broken):
    judgement = judged(status, attempts, copies, cut=CUT, looks=True)
    assert set(judgement.violations) == broken


def test_a_mail_whose_row_is_gone():
    assert judge([], Arrivals(), CUT, queued=["m1"]).violations == {"lost": ["m1"]}


def test_what_is_no_violation_is_counted_all_the_same():
    assert judged("sent", [UNCERTAIN, AGAIN], [2], cut=CUT).doubled_marked == ["m1"]
    assert judged("uncertain", [UNCERTAIN], [0], cut=CUT).uncertain == ["m1"]
