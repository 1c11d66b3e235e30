"""What the doctor reads in the DNS of the sender's domain."""

from __future__ import annotations

from typing import Any

import pytest
from dns.resolver import Resolver

from mailcenter.doctor import Name, State, Step, records, sender_domain
from mailcenter.transports import PRESETS, SendingAccount
from tests.dns_server import DnsServer, Zone

DOMAIN = "shop.cn"
MX = {"MX": ["10 mxbiz2.qq.com.", "5 mxbiz1.qq.com."]}
SPF = "v=spf1 include:spf.mail.qq.com ~all"
GOOD: dict[str, dict[str, list[str]]] = {
    DOMAIN: MX | {"TXT": ["something=else", SPF]},
    "spf.mail.qq.com": {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"]},
    f"one._domainkey.{DOMAIN}": {"TXT": ["v=DKIM1; p=abc"]},
    f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.cn"]},
}


def account(preset: str = "exmail", address: str = f"site@{DOMAIN}", **changes: Any) -> Any:
    chosen = PRESETS[preset]
    values: dict[str, Any] = {
        "preset": chosen,
        "address": address,
        "username": address,
        "password": "secret",
        "from_name": "",
        "host": chosen.host,
        "port": chosen.port,
        "security": chosen.security,
        "ca_file": "",
    }
    return SendingAccount(**(values | changes))


def look(zone: Zone, sender: SendingAccount | None = None, **server: Any) -> dict[str, Step]:
    """The steps by the record that they begin with."""
    with DnsServer(zone, **server) as dns:
        steps = list(sender_domain.look(sender or account(), dns.resolver()))
    assert {step.name for step in steps} == {Name.SENDER_DOMAIN}
    # A mail leaves whatever these say.
    assert State.FAILED not in {step.state for step in steps}
    return {step.finding.en.partition(":")[0]: step for step in steps}


def with_txt(*texts: str, at: str = DOMAIN) -> Zone:
    return GOOD | {at: GOOD.get(at, {}) | {"TXT": list(texts)}}


def test_a_domain_with_all_records_has_nothing_to_mend() -> None:
    found = look(GOOD)
    assert list(found) == ["MX", "SPF", "DKIM", "DMARC"]
    assert {step.state for step in found.values()} == {State.OK}
    assert found["MX"].finding.en.endswith("mxbiz1.qq.com, mxbiz2.qq.com.")
    assert found["SPF"].said == SPF
    assert "quarantine" in found["DMARC"].finding.zh
    assert all(step.milliseconds is not None for step in found.values())


def test_what_dkim_hides_is_said() -> None:
    found = look(GOOD)["DKIM"]
    assert "selectors aren't public" in found.finding.en
    assert found.cure
    assert "dkim=pass" in found.cure.zh


@pytest.mark.parametrize(
    ("preset", "include"),
    [
        ("exmail", "spf.mail.qq.com"),
        ("aliyun", "spf.qiye.aliyun.com"),
        ("aliyun-directmail", "spf1.dm.aliyun.com"),
        ("gmail", "_spf.google.com"),
        ("outlook", "spf.protection.outlook.com"),
    ],
)
def test_spf_must_include_the_provider(preset: str, include: str) -> None:
    without = look(with_txt("v=spf1 ip4:203.0.113.9 ~all"), account(preset))["SPF"]
    assert without.state == State.WARNING
    assert without.cure
    assert f"include:{include} before" in without.cure.en
    within = look(with_txt(f"v=spf1 include:{include} ~all"), account(preset))["SPF"]
    assert within.state == State.OK


def test_the_provider_may_be_included_by_another_record() -> None:
    zone = with_txt("v=spf1 redirect=_spf.shop.cn") | {
        "_spf.shop.cn": {"TXT": ["v=spf1 include:spf.mail.qq.com -all"]}
    }
    assert look(zone)["SPF"].state == State.OK


def test_a_custom_server_needs_a_record_and_no_particular_one() -> None:
    own = account("custom", host="mail.shop.cn")
    assert look(with_txt("v=spf1 mx -all"), own)["SPF"].state == State.OK
    assert look(with_txt("other"), own)["SPF"].state == State.WARNING


def test_another_server_than_the_providers_has_records_of_its_own() -> None:
    relay = account(host="relay.shop.cn")
    assert look(with_txt("v=spf1 mx -all"), relay)["SPF"].state == State.OK


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([], "no record"),
        ([SPF, "v=spf1 mx -all"], "2 records"),
        (["v=spf2 include:spf.mail.qq.com"], "mistyped"),
        (["spf1 include:spf.mail.qq.com", "v = spf1 x"], "mistyped"),
        (["v=spf1 include:spf.mail.qq.com +all"], "anybody"),
        (["v=spf1 include:spf.mail.qq.com " + "a:x.shop.cn " * 11 + "~all"], "11 DNS look-ups"),
    ],
)
def test_spf_that_does_not_hold(texts: list[str], word: str) -> None:
    step = look(with_txt(*texts))["SPF"]
    assert (step.state, word in step.finding.en) == (State.WARNING, True)
    assert step.cure


def test_includes_that_go_in_a_circle_end() -> None:
    zone = with_txt("v=spf1 include:a.shop.cn ~all") | {
        "a.shop.cn": {"TXT": ["v=spf1 include:b.shop.cn"]},
        "b.shop.cn": {"TXT": ["v=spf1 include:a.shop.cn"]},
    }
    assert look(zone)["SPF"].state == State.WARNING


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (["v=DMARC0; p=none"], "mistyped"),
        (["v=dmarc1; p=none"], "mistyped"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "2 records"),
        (["v=DMARC1; rua=mailto:a@shop.cn"], "no policy"),
        (["hello"], "no record"),
    ],
)
def test_dmarc_that_does_not_hold(texts: list[str], word: str) -> None:
    step = look(with_txt(*texts, at=f"_dmarc.{DOMAIN}"))["DMARC"]
    assert (step.state, word in step.finding.en) == (State.WARNING, True)
    assert step.cure
    if word != "2 records":
        assert "v=DMARC1; p=none" in step.cure.zh


def test_a_missing_dmarc_is_a_warning_that_says_what_to_publish() -> None:
    step = look({name: kinds for name, kinds in GOOD.items() if "dmarc" not in name})["DMARC"]
    assert step.state == State.WARNING
    assert step.cure
    assert f"_dmarc.{DOMAIN}" in step.cure.en


def test_a_subdomain_goes_by_its_parents_dmarc() -> None:
    zone = GOOD | {f"mail.{DOMAIN}": MX | {"TXT": [SPF]}}
    assert look(zone, account(address=f"site@mail.{DOMAIN}"))["DMARC"].state == State.OK


@pytest.mark.parametrize(
    ("preset", "selector"),
    [("gmail", "google"), ("outlook", "selector2"), ("aliyun-directmail", "aliyun-cn-hangzhou")],
)
def test_the_usual_selectors_of_a_provider_are_tried(preset: str, selector: str) -> None:
    zone = GOOD | {f"{selector}._domainkey.{DOMAIN}": {"TXT": ["v=DKIM1; k=rsa; p=abc"]}}
    assert look(zone, account(preset))["DKIM"].state == State.OK
    revoked = GOOD | {f"{selector}._domainkey.{DOMAIN}": {"TXT": ["v=DKIM1; p="]}}
    step = look(revoked, account(preset))["DKIM"]
    assert step.state == State.WARNING
    assert selector in step.finding.en


def test_nothing_below_domainkey_is_no_key() -> None:
    step = look({name: kinds for name, kinds in GOOD.items() if "domainkey" not in name})["DKIM"]
    assert (step.state, step.finding.en) == (State.WARNING, "DKIM: no key is published.")


@pytest.mark.parametrize("values", [[], ["0 ."]])
def test_a_domain_that_takes_no_mail_is_a_warning(values: list[str]) -> None:
    zone = GOOD | {DOMAIN: {"TXT": [SPF], "MX": values}}
    assert look(zone)["MX"].state == State.WARNING


def test_a_domain_that_is_not_there() -> None:
    (step,) = look({"other.cn": MX}).values()
    assert (step.state, DOMAIN in step.finding.en) == (State.WARNING, True)


def test_servers_that_fail_are_a_warning() -> None:
    (step,) = look(GOOD, failing=(DOMAIN,)).values()
    assert (step.state, "no answer" in step.finding.en) == (State.WARNING, True)


def test_silent_dns_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "SECONDS", 0.2)
    (step,) = look(GOOD, silent=True).values()
    assert (step.state, "no answer" in step.finding.en) == (State.WARNING, True)


def test_no_dns_at_all_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unconfigured(Resolver):
        def read_resolv_conf(self, f: Any) -> None:
            super().read_resolv_conf("/nonexistent/resolv.conf")

    monkeypatch.setattr(records, "Resolver", Unconfigured)
    (step,) = sender_domain.look(account())
    assert (step.state, "no answer" in step.finding.en) == (State.WARNING, True)


@pytest.mark.parametrize("address", ["10000@qq.com", "a@163.com", "a@gmail.com", "a@Foxmail.com"])
def test_a_personal_address_asks_nothing_and_says_why(address: str) -> None:
    with DnsServer(GOOD) as dns:
        (step,) = sender_domain.look(account("qq", address), dns.resolver())
        assert dns.asked == []
    assert step.state == State.OK
    assert "不用做什么" in step.finding.zh


def test_a_reserved_domain_asks_nothing() -> None:
    with DnsServer(GOOD) as dns:
        (step,) = sender_domain.look(account("custom", "site@mail.test"), dns.resolver())
        assert (dns.asked, step.state) == ([], State.SKIPPED)


def test_what_a_record_holds_can_do_nothing_to_a_terminal() -> None:
    step = look(with_txt("v=spf1 \\027[31m ~all"))["SPF"]
    assert "\x1b" not in step.said
