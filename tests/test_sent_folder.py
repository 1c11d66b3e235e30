"""A mail is looked for in the Sent folder, in each provider's dialect."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailcenter.transports import PRESETS
from mailcenter.transports.sent_folder import NEWEST, Found, LookupFailed, SentFolder, find
from tests.certificate import certificate_files
from tests.imap_server import (
    HANG_UP,
    NETEASE,
    PASSWORD,
    QQ,
    SILENCE,
    STANDARD,
    Copy,
    Dialect,
    ImapServer,
)

OURS = "<17.42@practice.test>"
OTHERS = [Copy("<1@practice.test>"), Copy("<2@practice.test>")]
NOW = datetime.now(UTC)
TODAY = NOW.date()


def ask(server: ImapServer, message_id: str = OURS, timeout: float = 10, **account: Any):
    return find(server.account(**account), message_id, TODAY, timeout)


def failure(server: ImapServer, **options: Any) -> str:
    with pytest.raises(LookupFailed) as caught:
        ask(server, **options)
    return str(caught.value)


def several(count: int, received: datetime) -> list[Copy]:
    return [Copy(f"<{n}@practice.test>", received) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("dialect", "folder", "header"),
    [
        (STANDARD, "Gesendet", "Message-ID"),
        (QQ, "Sent Messages", "X-OQ-MSGID"),
        (NETEASE, "已发送", "Message-ID"),
    ],
)
def test_a_mail_is_found_in_each_dialect(dialect: Dialect, folder: str, header: str) -> None:
    received = NOW.replace(microsecond=0)
    with ImapServer(dialect, [*OTHERS, Copy(OURS, received)]) as server:
        found = ask(server)
    assert found == Found(folder, header, 1003, received)
    # It looks, and nothing else.
    assert {line.partition(" ")[0] for line in server.commands} <= {
        *("CAPABILITY", "LOGIN", "ID", "LIST", "EXAMINE", "FETCH", "LOGOUT")
    }


@pytest.mark.parametrize("dialect", [STANDARD, QQ, NETEASE])
def test_what_is_not_there_is_not_found(dialect: Dialect) -> None:
    with ImapServer(dialect, OTHERS) as server:
        assert ask(server) is None
    with ImapServer(dialect) as server:
        assert ask(server) is None


def test_a_part_of_an_id_is_another_id() -> None:
    with ImapServer(STANDARD, [Copy(f"<1{OURS[1:]}"), Copy(f"{OURS[:-1]}.cn>")]) as server:
        assert ask(server) is None


def test_a_folded_id_is_the_same() -> None:
    with ImapServer(STANDARD, [Copy(f"\r\n {OURS}")]) as server:
        assert ask(server)


def test_the_newest_of_several_copies_counts() -> None:
    with ImapServer(STANDARD, [Copy(OURS), Copy(OURS)]) as server:
        found = ask(server)
    assert found
    assert found.uid == 1002


def test_netease_would_refuse_without_id() -> None:
    mute = Dialect(NETEASE.folders, "IMAP4rev1", preset="163", wants_id=True)
    with ImapServer(mute, [Copy(OURS)]) as server:
        assert "Unsafe Login" in failure(server)


@pytest.mark.parametrize("answer", [b"{tag} NO no", b"{tag} BAD what", b"* ID (\r\n{tag} OK done"])
def test_a_server_that_fumbles_id_is_asked_all_the_same(answer: bytes) -> None:
    with ImapServer(QQ, [Copy(OURS)], {"ID": answer}) as server:
        assert ask(server)


@pytest.mark.parametrize(
    ("preset", "folders", "chosen"),
    [
        # The server's own mark, whatever the case.
        ("163", {"X": "\\SENT", "已发送": ""}, "X"),
        # The provider's row before what others call it.
        ("163", {"已发送": "", "Sent": ""}, "已发送"),
        ("custom", {"Sent Items": "", "Archive": ""}, "Sent Items"),
        ("custom", {"INBOX/Sent": "", "INBOX": ""}, "INBOX/Sent"),
        ("custom", {"sent messages": "", "Sent": "\\Noselect"}, "sent messages"),
        ("gmail", {"[Gmail]/Sent Mail": "", "[Gmail]": "\\NonExistent"}, "[Gmail]/Sent Mail"),
    ],
)
def test_the_sent_folder_is_chosen(preset: str, folders: dict[str, str], chosen: str) -> None:
    with ImapServer(Dialect(folders, preset=preset), [Copy(OURS)]) as server:
        found = ask(server)
    assert found
    assert found.folder == chosen


def test_without_a_sent_folder_there_is_no_answer() -> None:
    with ImapServer(Dialect({"INBOX": ""}), [Copy(OURS)]) as server:
        assert "no folder" in failure(server)


def test_beyond_the_newest_the_server_searches() -> None:
    copies = [Copy(OURS), *several(NEWEST, NOW)]
    with ImapServer(QQ, copies) as server:
        found = ask(server)
    assert found == Found(
        "Sent Messages", "X-OQ-MSGID", 1001, copies[0].received.replace(microsecond=0)
    )


def test_the_server_is_not_searched_where_the_newest_go_back_far_enough() -> None:
    with ImapServer(STANDARD, several(NEWEST + 1, NOW - timedelta(days=3))) as server:
        assert ask(server) is None
    assert server.count("SEARCH") == 0


@pytest.mark.parametrize("hits", [[], [1], [1, 2, 50]])
def test_a_search_that_lies_is_not_believed(hits: list[int]) -> None:
    with ImapServer(STANDARD, several(NEWEST + 50, NOW), search=hits) as server:
        assert ask(server) is None
    assert server.count("SEARCH") == 2


def test_a_search_that_finds_nothing_hides_none_of_the_newest() -> None:
    copies = [*several(NEWEST, NOW), Copy(OURS)]
    with ImapServer(STANDARD, copies, search=[]) as server:
        assert ask(server)


def test_an_id_with_quotes_and_brackets_is_searched_for() -> None:
    odd = '<"a b\\"{3}"(c)%*@practice.test>'
    with ImapServer(STANDARD, several(NEWEST + 1, NOW), search=[]) as server:
        assert ask(server, odd) is None
    assert server.count("SEARCH") == 2


def test_several_mails_need_one_session() -> None:
    with ImapServer(QQ, [*OTHERS, Copy(OURS)]) as server:
        with SentFolder(server.account(), 10) as folder:
            assert folder.find(OURS, TODAY)
            assert folder.find("<9@practice.test>", TODAY) is None
            assert folder.find("<1@practice.test>", TODAY)
        assert server.connections == server.count("FETCH") == server.count("LOGOUT") == 1


def test_a_refused_log_in_says_why_and_repeats_no_secret() -> None:
    echo = f'{{tag}} NO Login fail for "{PASSWORD}" from 203.0.113.7, 请使用授权码登录'
    with ImapServer(QQ, script={"LOGIN": echo.encode("gb18030")}) as server:
        text = failure(server)
    assert "refused the log-in" in text
    assert "请使用授权码登录" in text
    assert "203.0.113.7" not in text
    assert PASSWORD not in text


@pytest.mark.parametrize("password", ['a"b\\c', "密码"])
def test_a_password_of_any_kind_stays_out_of_the_text(password: str) -> None:
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    echo = f"{{tag}} BAD no such user or password: {password} {escaped}".encode()
    with ImapServer(STANDARD, script={"LOGIN": echo}) as server:
        text = failure(server, password=password)
    for spelling in (password, escaped):
        assert spelling not in text
        assert repr(spelling)[1:-1] not in text


def test_the_error_has_no_frame_that_knows_the_password() -> None:
    with ImapServer(QQ) as server, pytest.raises(LookupFailed) as caught:
        ask(server, password="ponmlkjihgfedcba")
    error = caught.value
    assert error.__context__ is error.__cause__ is None
    names = {entry.name for entry in caught.traceback}
    assert "login" not in names


def test_after_a_refused_log_in_there_is_no_second_one() -> None:
    with ImapServer(QQ) as server:
        with SentFolder(server.account(password="wrong"), 10) as folder:
            for _mail in range(3):
                with pytest.raises(LookupFailed, match="refused the log-in"):
                    folder.find(OURS, TODAY)
        assert server.count("LOGIN") == server.connections == 1


def test_an_error_that_nobody_foresaw_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(*args: object) -> str:
        raise KeyError

    monkeypatch.setattr(SentFolder, "_choose", choose)
    with ImapServer(QQ, [Copy(OURS)]) as server, SentFolder(server.account(), 10) as folder:
        with pytest.raises(KeyError):
            folder.find(OURS, TODAY)
        with pytest.raises(LookupFailed, match="KeyError"):
            folder.find(OURS, TODAY)
        assert server.count("LOGIN") == 1


def test_an_error_within_the_log_in_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def login(self: object, user: str, password: str) -> None:
        raise RuntimeError(password)

    monkeypatch.setattr("imapclient.IMAPClient.login", login)
    with ImapServer(QQ) as server:
        assert failure(server) == "RuntimeError"


def test_a_date_without_a_zone_is_no_date() -> None:
    naive = datetime(2026, 1, 1)
    with ImapServer(STANDARD, [Copy(OURS, naive)]) as server:
        found = ask(server)
    assert found
    assert found.received is None


@pytest.mark.parametrize("step", ["CONNECT", "LOGIN", "ID", "LIST", "EXAMINE", "FETCH"])
@pytest.mark.parametrize("fault", [HANG_UP, SILENCE, b"\x00\x00\x00\x1a\x00\x00\x00"])
def test_trouble_at_any_step_ends_the_look(step: str, fault: Any) -> None:
    with ImapServer(QQ, [Copy(OURS)], {step: fault}) as server:
        text = failure(server, timeout=0.3)
    assert text.startswith(f"127.0.0.1:{server.port}")


def test_an_untagged_bad_is_not_waited_for_for_ever() -> None:
    with ImapServer(QQ, several(NEWEST + 1, NOW), {"SEARCH": b"* BAD Command Error"}) as server:
        assert "could not be asked" in failure(server, timeout=0.3)


@pytest.mark.parametrize(
    ("command", "garbage"),
    [("SEARCH", b"* SEARCH one two"), ("FETCH", b"* 1 FETCH (UID"), ("LIST", b"* LIST () 1")],
)
def test_garbage_in_place_of_an_answer_is_a_failed_look(command: str, garbage: bytes) -> None:
    script = {command: garbage + b"\r\n{tag} OK done"}
    with ImapServer(STANDARD, several(NEWEST + 1, NOW), script) as server:
        assert "could not be asked" in failure(server)


def test_a_certificate_of_somebody_else_is_refused() -> None:
    stranger, _key = certificate_files("stranger.test")
    with ImapServer(STANDARD, [Copy(OURS)]) as server:
        assert "CERTIFICATE_VERIFY_FAILED" in failure(server, ca_file=stranger)
        assert "CERTIFICATE_VERIFY_FAILED" in failure(server, ca_file="")
    assert server.commands == []


def test_a_missing_ca_file_is_named() -> None:
    with ImapServer() as server:
        assert "/nonexistent/ca.pem" in failure(server, ca_file="/nonexistent/ca.pem")


def test_nobody_at_home_is_a_failed_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed_port = taken.getsockname()[1]
    with ImapServer() as server:
        assert "refused" in failure(server, imap_port=closed_port)
        assert "could not be asked" in failure(server, imap_host="nowhere.invalid")


def test_nothing_of_a_session_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with ImapServer(NETEASE, [Copy(OURS)]) as server:
        assert ask(server)
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "slug", ["qq", "foxmail", "exmail", "163", "126", "yeah", "sina", "gmail", "aliyun"]
)
def test_a_preset_that_can_be_looked_into_names_its_folder(slug: str) -> None:
    preset = PRESETS[slug]
    assert preset.imap_host.startswith("imap.")
    assert preset.imap_port == 993
    assert preset.sent_folder
