# `make run` and `make test` set up what they need, on a bare Debian or Ubuntu with Python 3.11 or newer.

export PYTHON ?= python3
BIN := .venv/bin
MEMBERS := shared services/forms services/lifecycle services/mail-intake services/notify
WHAT_IS_INSTALLED := requirements.lock deploy/tools.txt deploy/set_up.sh $(MEMBERS:=/pyproject.toml)

.PHONY: run demo test check faults bench lock

run: .venv/ready-to-run
	@exec $(BIN)/clew up

demo: .venv/ready-to-run
	@exec $(BIN)/clew demo

test: .venv/ready-to-test
	@deploy/test_packages.sh
	$(BIN)/python -m pytest

check: .venv/ready-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for member in $(MEMBERS); do echo "deptry $$member"; (cd $$member && $(CURDIR)/$(BIN)/deptry src) || exit 1; done
	deploy/lock.sh --check

faults: .venv/ready-to-test
	$(BIN)/python -m tests.faults.matrix
	KILLS_A_STEP=100 $(BIN)/python -m pytest -q tests/mail_intake/test_imap_killed.py

bench: .venv/ready-to-test
	@exec $(BIN)/clew bench

lock: .venv/ready-to-run
	deploy/lock.sh

.venv/ready-to-run: $(WHAT_IS_INSTALLED)
	@deploy/set_up.sh run
	@touch $@

.venv/ready-to-test: $(WHAT_IS_INSTALLED)
	@deploy/set_up.sh test
	@touch $@ .venv/ready-to-run
