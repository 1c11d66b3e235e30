"""Settings of the site; what an operator sets stands in `.env` (see `.env.example`).

A site that needs more overrides names in a settings module of its own:
``from project.settings import *``.
"""

from __future__ import annotations

import ipaddress
import json
from email.utils import formataddr
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from project.secret_key import read_or_make

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
# The database lies here: nobody else's business.
VAR_DIR.mkdir(mode=0o700, exist_ok=True)

env = environ.Env()
env.read_env(BASE_DIR / ".env")


def is_loopback(host: str) -> bool:
    host = host.strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


# The site

SECRET_KEY = env.str("SECRET_KEY", "") or read_or_make(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{env.str('PORT', '8000')}").rstrip("/")
HTTPS = env.bool("HTTPS", not all(map(is_loopback, ALLOWED_HOSTS)))

SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# Some addresses hold a key, and a proxy's access log notes the Referer of all that a page loads.
# "no-referrer" would make browsers send "Origin: null", which the CSRF check refuses.
SECURE_REFERRER_POLICY = "strict-origin"
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "project",
    "mailcenter",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "project.private_pages.private_pages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]

# Database, cache, sessions

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'mailcenter.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # FULL: a mail that was accepted for sending must survive a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Seconds. To open one costs as much as some queries, and SQLite forgets the pages that it has read.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database, because the limits on log-ins must hold across processes.
CACHES = {"default": env.cache_url("CACHE_URL", "dbcache://mailcenter_cache")}
_location = urlsplit(str(CACHES["default"]["LOCATION"]))
if _location.password:
    # Error reports hide a PASSWORD, but not one inside a LOCATION.
    _host = _location.netloc.rpartition("@")[2]
    CACHES["default"]["LOCATION"] = _location._replace(netloc=_host).geturl()
    CACHES["default"].setdefault("OPTIONS", {})["password"] = _location.password

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "mailcenter.sessions.SealedSerializer"

# Languages

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "project" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
# The few files are served from where they lie: nothing has to be collected before a start.
WHITENOISE_USE_FINDERS = True

# Mail

EMAIL_BACKEND = "mailcenter.backend.OutboxBackend"
EMAIL_SUBJECT_PREFIX = ""


def mail_account(suffix: str) -> dict[str, str]:
    """The account of MAIL_PROVIDER, MAIL_ADDRESS, …; with "_2" that of MAIL_PROVIDER_2, …"""
    names = {
        "PROVIDER": "MAIL_PROVIDER",
        "ADDRESS": "MAIL_ADDRESS",
        "PASSWORD": "MAIL_AUTH_CODE",
        "FROM_NAME": "MAIL_FROM_NAME",
        "HOST": "MAIL_HOST",
        "PORT": "MAIL_PORT",
        "SECURITY": "MAIL_SECURITY",
        "CA_FILE": "MAIL_CA_FILE",
        "IMAP_HOST": "MAIL_IMAP_HOST",
        "IMAP_PORT": "MAIL_IMAP_PORT",
        "PER_MINUTE": "MAIL_PER_MINUTE",
        "PER_DAY": "MAIL_PER_DAY",
        "SPACING_SECONDS": "MAIL_SPACING_SECONDS",
        "KINDS": "MAIL_KINDS",
        "ANYMAIL_BACKEND": "MAIL_ANYMAIL_BACKEND",
        # Named so that Django's error reports hide it.
        "URL_WITH_PASSWORD": "EMAIL_URL",
    }
    return {key: env.str(name + suffix, "").strip() for key, name in names.items()}


def anymail_value(name: str, text: str) -> Any:
    """Anymail wants Python's values; the environment holds text alone."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name == "ANYMAIL_REQUESTS_TIMEOUT":
        return float(text)
    return json.loads(text) if text.startswith("{") else text


_first = mail_account("")
_more = {str(number): mail_account(f"_{number}") for number in range(2, 10)}
PRACTICE = (_first["PROVIDER"].lower() or "practice") == "practice"
_first["ADDRESS"] = _first["ADDRESS"] or ("site@practice.test" if PRACTICE else "")
if _first["ADDRESS"]:
    DEFAULT_FROM_EMAIL = SERVER_EMAIL = formataddr((_first["FROM_NAME"], _first["ADDRESS"]))
# Who is told by mail that an account needs a new code.
ADMINS = [("", address.strip()) for address in env.list("ADMINS", default=[]) if address.strip()]
MAILCENTER: dict[str, Any] = {
    "SITE_URL": SITE_URL,
    "KEYS": env.list("MAILCENTER_KEYS", default=[]),
    "ACCOUNT": _first,
    "MORE_ACCOUNTS": [{"NUMBER": n, **given} for n, given in _more.items() if any(given.values())],
    "PRACTICE_DIR": str(VAR_DIR / "practice"),
}

# The services' own settings, for MAIL_PROVIDER=anymail.
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): anymail_value(name, value)
    for name, value in env.ENVIRON.items()
    if name.startswith("ANYMAIL_")
}

# Who wakes the workers: docs/scaling.md

MAIL_ENGINE = env.str("MAIL_ENGINE", "").strip().lower() or "embedded"
MAILCENTER["ENGINE"] = MAIL_ENGINE
if MAIL_ENGINE == "celery" and find_spec("celery"):
    # CELERY_BROKER_URL is read by Celery itself: a setting that holds a password has to be named
    # so that Django's error reports hide it.
    CELERY_IMPORTS = ["mailcenter.engines.celery"]
    CELERY_TASK_DEFAULT_QUEUE = "mailcenter"
    # Each of them opens MAILCENTER["CONNECTIONS"] connections to an account.
    CELERY_WORKER_CONCURRENCY = 2
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1
    CELERY_WORKER_HIJACK_ROOT_LOGGER = False
    CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
    CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
    # Redis hands out again what was not acknowledged for so long (seconds): longer than a lease,
    # and than a provider may take for one mail.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
    CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
    # A task rings by way of the app that was made in its process.
    import_module("project.celery")
if MAIL_ENGINE == "tasks" and find_spec("django_tasks_db"):
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Sign-up and log-in

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "profile"
PASSWORD_RESET_TIMEOUT = 3600  # seconds

ACCOUNT_ADAPTER = "mailcenter.flows.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "mailcenter.flows.forms.LoginForm",
    "reset_password": "mailcenter.flows.forms.ResetPasswordForm",
    "confirm_email_verification_code": "mailcenter.flows.forms.ConfirmEmailVerificationCodeForm",
    "confirm_password_reset_code": "mailcenter.flows.forms.ConfirmPasswordResetCodeForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# "code" asks the visitor for a code; an operator can renew a link, but not a code.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = env.str("VERIFY_BY", "link") == "code"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# Nobody's mailbox is to be filled by strangers: one mail in so long to an address, and so many a
# day. allauth's own limits have no day, and by code ten seconds.
ACCOUNT_RATE_LIMITS = {
    "confirm_email": (
        "1/m/key,20/d/key" if ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED else "1/3m/key,20/d/key"
    )
}
# allauth offers the change to a new address only, which tells it from a taken one.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = env.str("RESET_BY", "link") == "code"
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_PREVENT_ENUMERATION = True
# Rendered and recorded, so that both answers cost the same; the adapter never sends it.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# How long "check your mail" and "enter the code" wait for a slow mail (seconds).
ACCOUNT_LOGIN_TIMEOUT = 3600
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)

# Error reports: Django masks by name alone, and EMAIL_URL names no password.

DEFAULT_EXCEPTION_REPORTER_FILTER = "project.error_report.ErrorReportFilter"

# Log: paths that carry a key are masked before they are written.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"mask_keys": {"()": "mailcenter.flows.log_filter.MaskKeys"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["mask_keys"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # At DEBUG it prints the context of a template that asks for what isn't there.
        "django.template": {"level": "INFO"},
    },
}

# Subdomains and the browsers' preload list are the owner's to promise: neither can be taken back.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
