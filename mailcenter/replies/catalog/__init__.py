"""The knowledge base: what servers say, what it means, what to do about it.

The first entry that fits wins, so the specific stand before the general: first what the words
say, then the stage, then the enhanced status code, then the reply code, then the first digit.
"""

from mailcenter.replies.catalog import (
    aliyun,
    catch_all,
    content,
    directmail,
    esp,
    esp_codes,
    gmail,
    login,
    netease,
    network,
    outlook,
    provider_codes,
    provider_login,
    rates,
    receiving,
    reply_codes,
    rules,
    sender,
    sender_domain,
    session,
    software,
    status_codes,
    status_later,
)
from mailcenter.replies.entry import Entry

CATALOG: dict[str, Entry] = {
    entry.slug: entry
    for entry in (
        *esp.ENTRIES,
        *esp_codes.ENTRIES,
        *rates.ENTRIES,
        *session.ENTRIES,
        *netease.ENTRIES,
        *gmail.ENTRIES,
        *outlook.ENTRIES,
        *aliyun.ENTRIES,
        *directmail.ENTRIES,
        *provider_login.ENTRIES,
        *login.ENTRIES,
        *sender.ENTRIES,
        *content.ENTRIES,
        *software.ENTRIES,
        *sender_domain.ENTRIES,
        *receiving.ENTRIES,
        *network.ENTRIES,
        *provider_codes.ENTRIES,
        *rules.ENTRIES,
        *status_codes.ENTRIES,
        *status_later.ENTRIES,
        *reply_codes.ENTRIES,
        *catch_all.ENTRIES,
    )
}

# Reached by the stage, a code that says everything, or the first digit: the words are unknown.
CATCH_ALL: frozenset[str] = frozenset(
    {
        "esp-later",
        "esp-refused",
        "log-in-refused",
        "starttls-refused",
        "turned-away",
        "try-again-450",
        "try-again-451",
        "refused-550",
        "refused-554",
        *(entry.slug for entry in catch_all.ENTRIES),
    }
)
