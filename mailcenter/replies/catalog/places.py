"""Where an operator enters things: in .env, or on the page of an account added in the admin."""

from mailcenter.replies.entry import Words

ENTER_CODE = Words(
    zh="填入 .env 的 MAIL_AUTH_CODE 并重启（或在账号页填写）",
    en="put it into MAIL_AUTH_CODE in .env and restart (for an account added in the admin, enter "
    "it on its page)",
)
ENTERED = Words(
    zh=".env 里的 MAIL_ADDRESS 和 MAIL_AUTH_CODE（或账号页上的地址和授权码）",
    en="MAIL_ADDRESS and MAIL_AUTH_CODE in .env (or address and code on the account's page)",
)
SENDER = Words(
    zh="发件地址（.env 的 MAIL_ADDRESS，或账号页上的地址）",
    en="the sender's address (MAIL_ADDRESS in .env, or the one on the account's page)",
)
HOST = Words(
    zh="服务器地址（.env 的 MAIL_HOST，或账号页）",
    en="the host (MAIL_HOST in .env, or on the account's page)",
)
USE_SSL = Words(
    zh="改用 465 端口加 SSL：在 .env 里设 MAIL_PORT=465、MAIL_SECURITY=ssl 后重启，"
    "或在账号页上改端口",
    en="Use port 465 with SSL: set MAIL_PORT=465 and MAIL_SECURITY=ssl in .env and restart, or "
    "change the port on the account's page",
)
