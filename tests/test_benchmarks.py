"""The harness of `make bench` and `make bench-admin`, with counts that prove nothing else."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import site
from benchmarks.admin import __main__ as bench_admin
from benchmarks.admin import figures as admin_figures
from benchmarks.admin import report as admin_report
from benchmarks.admin.figures import Cost, Figures
from benchmarks.measuring import FAR, Measurement
from benchmarks.report import document
from benchmarks.results import Results, Row
from benchmarks.targets import ONE_WORKER, OURS, SYNCHRONOUS, Target, targets
from benchmarks.wires import Wire, Wires, wires
from tests.site_process import PATIENCE

pytestmark = pytest.mark.long

MAIL = b"Message-ID: <%d@sink.test>\r\n\r\n%s\r\n"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with site.folder_with_certificate() as made:
        yield made


@pytest.fixture
def to_the_sink(folder: Path) -> Iterator[Wires]:
    with wires(folder, FAR) as opened:
        yield opened


def client(to_the_sink: Wires, wire: Wire, folder: Path) -> smtplib.SMTP:
    port = to_the_sink.ports[wire]
    if not wire.tls:
        return smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE)
    trusting = ssl.create_default_context(cafile=folder / "cert.pem")
    return smtplib.SMTP_SSL("127.0.0.1", port, context=trusting, timeout=PATIENCE)


@pytest.mark.parametrize("wire", [Wire(r, tls) for r in (0, FAR) for tls in (False, True)], ids=str)
def test_the_sink_counts_mails_connections_and_what_came_twice(to_the_sink, wire, folder):
    long = b"\r\n".join([b"x" * 900] * 300)
    with (
        client(to_the_sink, wire, folder) as first,
        client(to_the_sink, wire, folder) as second,
    ):
        for each in (first, second):
            if wire.tls:
                each.login("user", "password")
        for each, number in ((first, 1), (second, 2), (second, 1)):
            each.sendmail("a@sink.test", ["b@sink.test"], MAIL % (number, long))
    figures = to_the_sink.wait_for(3, PATIENCE)
    assert (figures.mails, figures.doubled) == (3, 1)
    assert (figures.connections, figures.most_open_connections) == (2, 2)
    assert 0 < figures.first_mail_at < figures.last_accepted_at
    to_the_sink.reset()
    assert to_the_sink.figures().mails == 0


def test_the_sink_wants_a_log_in_over_tls(to_the_sink, folder):
    with (
        client(to_the_sink, Wire(0, True), folder) as server,
        pytest.raises(smtplib.SMTPSenderRefused) as refused,
    ):
        server.sendmail("a@sink.test", ["b@sink.test"], MAIL % (1, b""))
    assert refused.value.smtp_code == 530


def test_the_sink_takes_an_envelope_behind_the_final_dot(to_the_sink):
    envelope = b"MAIL FROM:<a@sink.test>\r\nRCPT TO:<b@sink.test>\r\nDATA\r\n"
    port = to_the_sink.ports[Wire(FAR, False)]
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as server:
        replies = server.makefile("rb")
        assert replies.readline().startswith(b"220")
        server.sendall(b"HELO a\r\n" + envelope)
        assert [_code(replies) for _reply in range(4)] == [b"250", b"250", b"250", b"354"]
        server.sendall(MAIL % (1, b"") + b".\r\n" + envelope)
        assert [_code(replies) for _reply in range(4)] == [b"250", b"250", b"250", b"354"]
        server.sendall(MAIL % (2, b"") + b".\r\nQUIT\r\n")
        assert [_code(replies) for _reply in range(2)] == [b"250", b"221"]
    assert to_the_sink.wait_for(2, PATIENCE).doubled == 0


def _code(replies) -> bytes:
    line = replies.readline()
    return line[:3] if line[3:4] == b" " else _code(replies)


@pytest.mark.parametrize(
    ("database", "question"),
    [
        ("sqlite", "enqueue"),
        ("sqlite", "latency"),
        ("sqlite", "drain"),
        pytest.param("postgresql", "drain", marks=pytest.mark.needs("PostgreSQL")),
    ],
)
def test_a_question_is_answered(database, question):
    asked = {
        "enqueue": "",
        "latency": f"{Wire(0, True)}: Mailcenter",
        "drain": f"{Wire(0, True)}: {ONE_WORKER}",
    }[question]
    with site.folder_with_certificate() as own, site.database(database, own) as url:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ask", question, "1", "3", asked],
            env=site.environment(own, url),
            cwd=site.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    rows = [Row.from_line(question, database, line) for line in done.stdout.splitlines()]
    (ours,) = [row.measurement for row in rows if row.measurement.contender.startswith(OURS)]
    assert ours.mails == 3
    assert f"| {ours.contender}" in document(Results(rows), {"date": "today"}, {}, rounds=1)


def drained(contender: str, wire: Wire, *rates: float, doubled: int = 0) -> list[Row]:
    values = [{"rate": rate, "connections": 5.0, "doubled": doubled} for rate in rates]
    return [Row("drain", "sqlite", Measurement(contender, wire, 100, each)) for each in values]


def judged(rows: list[Row], what: str) -> Target:
    (found,) = [target for target in targets(Results(rows)) if what in target.what]
    return found


@pytest.mark.parametrize(("ours", "met"), [((10, 2000, 9000), True), ((1999, 9000, 10), False)])
def test_a_drain_is_judged_by_medians_and_by_the_fastest_peer(ours, met):
    near = Wire(0, False)
    rows = drained(ONE_WORKER, near, *ours)
    rows += drained("django-post_office, 10 threads", near, 1000) + drained("slow", near, 1)
    target = judged(rows, f"drain over {near}: {ONE_WORKER}")
    assert target.met is met
    assert "django-post_office, 10 threads" in target.found["sqlite"]


def test_the_default_of_a_peer_is_not_its_best_settings():
    far = Wire(FAR, True)
    rows = drained(ONE_WORKER, far, 120) + drained("django-post_office", far, 36)
    rows += drained("django-post_office, 10 threads", far, 150)
    assert judged(rows, f"drain over {far}: {ONE_WORKER}").met is True


def test_one_mail_that_came_twice_misses_the_target():
    rows = drained(ONE_WORKER, Wire(0, True), 1000, doubled=1)
    assert judged(rows, "twice").met is False


def test_what_was_not_measured_is_not_met():
    assert {target.met for target in targets(Results())} == {None}


@pytest.mark.parametrize(("ours", "met"), [(3.0, True), (3.2, False)])
def test_a_request_may_wait_for_a_hundredth_of_a_synchronous_send(ours, met):
    rows = [
        Row("enqueue", "sqlite", Measurement(name, wire, 1, {"p50": p50, "p95": p50}))
        for name, wire, p50 in ((OURS, Wire(0, False), ours), (SYNCHRONOUS, Wire(FAR, True), 310))
    ]
    assert judged(rows, "what a request waits").met is met


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("PostgreSQL"))]
)
def test_every_page_of_the_admin_answers(database):
    with bench_admin.empty_site(database) as environment:
        bench_admin.fill((database, 300), environment)
        with bench_admin.answering(environment) as asked:
            answers = {page["name"]: asked.ask(page["address"]) for page in asked.pages}
    assert len(answers) == len(asked.pages) > 70
    assert all(answer["ms"] > 0 and answer["queries"] for answer in answers.values())
    # What a filter has rows for differs from what it has none for.
    rows, none = answers["messages: status, common"], answers["messages: status, none"]
    assert len(rows["queries"]) > len(none["queries"])


def page_of_the_admin(many: float = 50, few: float = 50, theirs: float = 600, queries: int = 9):
    costs = (
        Cost([few] * 3, queries),
        Cost([many] * 3, queries),
        Cost([theirs], 7),
    )
    return Figures("sqlite", "search: recipient", *costs, searches_through=True)


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        ({}, []),
        ({"many": 101, "few": 100, "theirs": 2000}, ["server time"]),
        ({"queries": 13}, ["queries"]),
        ({"many": 70}, ["few mails", "search"]),
        ({"theirs": 499}, ["search"]),
    ],
)
def test_the_admin_is_judged_by_its_worst_page(found, missed):
    pages = [page_of_the_admin(), page_of_the_admin(**found)]
    judged = list(admin_figures.targets(pages))
    assert [
        word
        for word in ("server time", "queries", "few mails", "search")
        if any(word in target.what and target.met is False for target in judged)
    ] == missed
    assert all("search: recipient" in target.found["sqlite"] for target in judged)
    written = admin_report.document(pages, {"date": "today"}, 100, 1000, 3)
    assert written.count("**no**") == len(missed)
    assert "| search: recipient |" in written


def test_a_moment_in_which_the_machine_was_busy_is_no_growth():
    few, many = Cost([20, 40, 80], 7), Cost([22, 88, 88], 7)
    page = Figures("sqlite", "messages", few, many, None, False)
    assert (page.few.ms, page.many.ms, page.growth) == (40, 88, 1.1)


def test_an_admin_that_was_not_measured_meets_nothing():
    assert {target.met for target in admin_figures.targets([])} == {None}
