# `make run` and `make test` are all that a newcomer needs; CONTRIBUTING.md tells of the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The packages measured beside this one stay out of the way.
VENV_BENCH := .venv-bench
ROUNDS ?= 3
ROWS ?= 1000000

.PHONY: run admin test unit chaos bench bench-admin lint messages replies support requirements

run: $(VENV)/installed
	@$(BIN)/python -m project.run

admin: $(VENV)/installed
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py makeoperator --new-password

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n auto

# Four to two processors: many of them wait for a socket.
unit: $(VENV)/installed-dev
	@$(BIN)/python -m pytest -n 4 -m "not needs and not long"

chaos: $(VENV)/installed-dev
	@$(BIN)/python -m tests.chaos --kills 100

bench: $(VENV_BENCH)/installed
	@$(VENV_BENCH)/bin/python -m benchmarks --rounds $(ROUNDS)

bench-admin: $(VENV_BENCH)/installed
	@$(VENV_BENCH)/bin/python -m benchmarks.admin --rows $(ROWS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	HTTPS=on MAIL_PROVIDER=qq MAIL_ADDRESS=10000@qq.com MAIL_AUTH_CODE=abcdefghijklmnop \
	ALLOWED_HOSTS=www.example.com SITE_URL=https://www.example.com \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

# Only what was said may show in a diff: no dates, no line numbers.
messages: $(VENV)/installed-dev
	$(BIN)/python manage.py makemessages --locale zh_Hans --ignore tests --ignore var \
		--no-obsolete --no-wrap --add-location file
	sed -i.old '/^"POT-Creation-Date/d' */locale/zh_Hans/LC_MESSAGES/django.po
	rm */locale/zh_Hans/LC_MESSAGES/django.po.old
	$(BIN)/python manage.py compilemessages --ignore .venv --ignore $(VENV_BENCH) --ignore var

# The catalogue for reading; a test fails where the pages say something else.
replies: $(VENV)/installed-dev
	$(BIN)/python manage.py explain --document en > docs/replies.md
	$(BIN)/python manage.py explain --document zh-hans > docs/replies.zh-CN.md

# What mail programs understand, as measured by others; needs npm.
support: $(VENV)/installed
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT \
		&& npm pack --silent --pack-destination "$$folder" caniemail@latest >/dev/null \
		&& $(BIN)/python mailcenter/templating/advice/data/renew.py "$$folder"/*.tgz

PIN := CUSTOM_COMPILE_COMMAND='make requirements' $(BIN)/pip-compile --quiet --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

requirements: $(VENV)/installed-dev
	$(PIN) requirements.in
	$(PIN) requirements-celery.in
	$(PIN) requirements-tasks.in
	$(PIN) --allow-unsafe requirements-dev.in
	$(PIN) requirements-bench.in

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'Mailcenter needs Python 3.11 or newer as `$(PYTHON)`; another one: make run PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo 'This Python has no venv module. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/pip
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/pip
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $(VENV)/installed $@

$(VENV_BENCH)/installed: requirements.txt requirements-bench.txt | $(VENV)/bin/pip
	@$(BIN)/python -m venv $(VENV_BENCH)
	@$(VENV_BENCH)/bin/pip install --quiet --disable-pip-version-check \
		-r requirements.txt -r requirements-bench.txt
	@touch $@
