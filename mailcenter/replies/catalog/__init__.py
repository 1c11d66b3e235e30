"""The knowledge base: what servers say, what it means, what to do about it.

The first entry that fits wins, so the specific stand before the general: first what the words
say, then the stage, then the enhanced status code, then the first digit.
"""

from mailcenter.replies.catalog import (
    content,
    esp,
    esp_codes,
    login,
    network,
    provider_codes,
    provider_login,
    rates,
    receiving,
    rules,
    sender,
    session,
)
from mailcenter.replies.entry import Entry

CATALOG: dict[str, Entry] = {
    entry.slug: entry
    for entry in (
        *esp.ENTRIES,
        *esp_codes.ENTRIES,
        *rates.ENTRIES,
        *session.ENTRIES,
        *provider_login.ENTRIES,
        *login.ENTRIES,
        *sender.ENTRIES,
        *content.ENTRIES,
        *receiving.ENTRIES,
        *network.ENTRIES,
        *provider_codes.ENTRIES,
        *rules.ENTRIES,
    )
}
