"""Keys never reach a log."""

from __future__ import annotations

import logging

import pytest

from mailcenter.flows.log_filter import MaskKeys


def log_record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("django.request", logging.WARNING, "", 0, text, args, None)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/confirm-email/MQ:1abc:s3cret-key/",
        "/accounts/password/reset/key/1-s3cret-key/",
        "/accounts/confirm-email//MQ:1abc:s3cret-key/",
        "/accounts/password//reset/key//1-s3cret-key/",
        "/login/?next=%2Faccounts%2Fconfirm-email%2F%2FMQ%3A1abc%3As3cret-key%2F",
        "/login/?next=%2Faccounts%2Fconfirm-email%2FMQ%3A1abc%3As3cret-key%2F",
    ],
)
def test_keys_in_paths_never_reach_the_log(path: str) -> None:
    record = log_record("%s: %s", 404, path)
    record.request = object()
    assert MaskKeys().filter(record)
    assert "s3cret" not in record.getMessage()
    assert "404" in record.getMessage()
    assert not hasattr(record, "request")


def test_other_paths_reach_the_log_as_they_are() -> None:
    path = "/accounts/password/reset/key/done/"
    record = log_record("%s", path)
    assert MaskKeys().filter(record)
    assert record.getMessage() == path
