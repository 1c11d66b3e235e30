"""Each provoking recipient gets its reply at its stage, and the reply is judged right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcenter.exceptions import TransportError
from mailcenter.practice.conversation import GARBAGE
from mailcenter.practice.scenarios import SCENARIOS
from mailcenter.practice.server import PracticeServer
from mailcenter.replies import Failure, Stage, classify
from mailcenter.transports import Envelope
from tests.practice import connect, deliver, mails, message, refusal, running, send, transport

# (class, retried without help) -> the scenarios that mean it.
VERDICTS = {
    ("auth", False): "535-login-fail 535-enter-authorization-code 535-gbk "
    "535-authentication-failed 454-open-smtp-flag 535-system-busy 550-no-permission "
    "535-error-authentication-failed 535-not-accepted 534-application-password "
    "535-basic-authentication 535-tenant 526-wrong-password 526-too-many-failures 535-directmail",
    ("tls", False): "530-secure-connection 530-login-fail-secure-connection",
    ("protocol", False): "502-invalid-input 503-need-auth 503-mailfrom-first",
    ("protocol", True): "550-rp-frl 550-rp-rcl 452-too-many-recipients",
    ("sender-identity", False): "501-mail-from 502-invalid-paramenters 553-mail-from "
    "440-mail-from 436-mail-from 550-from-header-invalid 554-dt-sum",
    ("rate-limited", True): "550-too-many-attempts 550-ip-frequency 550-domain-frequency "
    "550-sender-frequency 550-connection-frequency 550-receiving-frequency "
    "550-mailbox-unavailable 421-hl-rep 421-hl-icc 421-hl-ifc 421-hl-mep 450-mi-cel 450-mi-dmc "
    "450-mi-ccl 451-mi-sfq 450-rp-drc 550-mi-stc 554-mi-stc 550-rp-trc 550-daily-limit "
    "552-daily-quota 552-monthly-quota 552-quota",
    ("policy", True): "554-auth-error-limit 451-too-much-fail-authentication "
    "550-connection-denied 550-suspected-spam-ip 550-suspected-bounce",
    ("policy", False): "554-hl-ipb 554-blacklist 551-account-unavailable 561-honeypot 550-spf "
    "550-dmarc 550-mi-spf 550-mi-dma 550-sending-domain",
    ("content-rejected", False): "550-inappropriate-content 550-content-denied "
    "550-rejected-by-recipients 550-suspected-spam 550-spam-embedded 552-message-too-large "
    "550-dt-spm 554-dt-spm 552-security-issue 554-content-spam",
    ("recipient-unknown", False): "550-mailbox-not-found 550-invalid-user 550-user-suspended "
    "550-no-such-account 559-invalid-rcptto 501-bad-address-syntax 550-deactivated-mailbox",
    ("recipient-full", True): "452-mailbox-full",
    ("temporary", True): "454-temporary 421-closing 421-temporary 432-thread-limit "
    "450-too-quickly 451-dt-spm 451-temporary",
    ("network", True): "silence hang-up-before-dot",
    ("network", False): "hang-up-after-dot hang-up-after-dot-kept",
    ("auth", None): "hang-up-at-login",
}
EXPECTED = {name: verdict for verdict, names in VERDICTS.items() for name in names.split()}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PracticeServer]:
    with running(tmp_path) as server:
        yield server


def test_every_scenario_has_an_expected_verdict() -> None:
    accepting = {name for name, scenario in SCENARIOS.items() if scenario.shown_reply[:1] == "2"}
    assert set(EXPECTED) | accepting == set(SCENARIOS)


@pytest.mark.parametrize("name", [n for n in EXPECTED if SCENARIOS[n].reply])
def test_a_scenario_answers_its_words_at_its_stage_and_is_judged_right(
    server: PracticeServer, name: str
) -> None:
    scenario = SCENARIOS[name]
    error = refusal(server, scenario)
    verdict = classify(
        error.reply,
        stage=error.stage,
        provider=server.handler.account.preset.provider,
        maybe_accepted=error.maybe_accepted,
    )
    assert error.stage == scenario.stage
    shown = scenario.shown_reply.replace("127.0.0.1", "[address]")
    assert f"{error.reply.code} {error.reply.text}" == shown
    assert (verdict.verdict_class, verdict.retry) == EXPECTED[name]
    assert mails(server) == []


@pytest.mark.parametrize(
    ("name", "stage", "failure", "maybe_accepted", "kept"),
    [
        ("hang-up-at-login", Stage.AUTH, Failure.CLOSED, False, 0),
        ("hang-up-before-dot", Stage.DATA, Failure.CLOSED, False, 0),
        ("hang-up-after-dot", Stage.BODY, Failure.CLOSED, True, 0),
        ("hang-up-after-dot-kept", Stage.BODY, Failure.CLOSED, True, 1),
    ],
)
def test_a_hang_up_is_seen_for_what_it_is(
    server: PracticeServer,
    name: str,
    stage: Stage,
    failure: Failure,
    maybe_accepted: bool,
    kept: int,
) -> None:
    error = refusal(server, SCENARIOS[name])
    verdict = classify(error.reply, stage=error.stage, maybe_accepted=error.maybe_accepted)
    assert (error.stage, error.reply.failure) == (stage, failure)
    assert error.maybe_accepted is maybe_accepted
    assert verdict.uncertain is maybe_accepted
    assert verdict.verdict_class == EXPECTED[name][0]
    assert len(mails(server)) == kept


def test_silence_outlasts_an_impatient_client(tmp_path: Path) -> None:
    with running(tmp_path, longest_pause=60) as server:
        with pytest.raises(TransportError) as error:
            deliver(transport(server, timeout=0.5), "silence@practice.test")
        assert (error.value.stage, error.value.reply.failure) == (Stage.RCPT, Failure.TIMEOUT)


def test_silence_ends_with_a_hang_up(server: PracticeServer) -> None:
    error = refusal(server, SCENARIOS["silence"])
    assert (error.stage, error.reply.failure) == (Stage.RCPT, Failure.CLOSED)


def test_a_slow_reply_arrives(server: PracticeServer) -> None:
    receipt = deliver(transport(server), "slow-reply@practice.test")
    assert receipt.reply.text == "OK: queued as."
    assert len(mails(server)) == 1


def test_a_slow_reply_is_slow(tmp_path: Path) -> None:
    with running(tmp_path, longest_pause=60) as server:
        with pytest.raises(TransportError) as error:
            deliver(transport(server, timeout=0.5), "slow-reply@practice.test")
        assert error.value.maybe_accepted
        assert len(mails(server)) == 1


def test_garbage_after_quit_follows_an_accepted_mail(server: PracticeServer) -> None:
    client = connect(server)
    assert send(client, message(), "garbage-after-quit@practice.test")[0] == 250
    client.send(b"QUIT\r\n")
    assert client.sock.recv(100) == GARBAGE
    deliver(transport(server), "garbage-after-quit@practice.test")
    assert len(mails(server)) == 2


def test_once_refuses_the_first_time_only(server: PracticeServer) -> None:
    to = "550-once-mailbox-not-found@practice.test"
    with pytest.raises(TransportError, match="Mailbox not found"):
        deliver(transport(server), to)
    assert deliver(transport(server), to).reply.positive
    assert deliver(transport(server), to).reply.positive
    with pytest.raises(TransportError, match="Mailbox not found"):
        deliver(transport(server), "550-once-mailbox-not-found+2@practice.test")


def test_without_once_it_refuses_every_time(server: PracticeServer) -> None:
    for _number in range(3):
        with pytest.raises(TransportError, match="Mailbox not found"):
            deliver(transport(server), "550-mailbox-not-found@practice.test")


def test_the_mail_goes_through_after_the_log_in_it_provoked(server: PracticeServer) -> None:
    to = "535-login-fail@practice.test"
    for _mail in range(2):
        assert refusal(server, SCENARIOS["535-login-fail"]).stage == Stage.AUTH
        assert deliver(transport(server), to).reply.positive


def test_another_mail_is_not_refused_for_its_sender(server: PracticeServer) -> None:
    with pytest.raises(TransportError):
        deliver(transport(server), "501-mail-from@practice.test")
    assert deliver(transport(server), "somebody-else@example.com").reply.positive
    with pytest.raises(TransportError, match="must be same as authorization user"):
        deliver(transport(server), "501-mail-from@practice.test")


def test_one_refused_recipient_does_not_stop_the_other(server: PracticeServer) -> None:
    envelope = Envelope(
        "site@practice.test", ("550-invalid-user@practice.test", "visitor@example.com")
    )
    receipt = transport(server).send(envelope, message(), lambda stage: None)
    assert [reply.code for reply in receipt.recipients.values()] == [550, 250]


@pytest.mark.parametrize(
    "to", ["550-mailbox-not-found@example.com", "unheard-of@practice.test", "once-@practice.test"]
)
def test_everybody_else_is_accepted(server: PracticeServer, to: str) -> None:
    assert deliver(transport(server), to).reply.positive
