# Every target needs no other command first. `make help` lists them.
BED = .venv/bin/python -m tests.testbed
.DEFAULT_GOAL := help
.PHONY: help run test test-full lint bench tour i18n lock

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: ## start VMDesk; with no display, the tour on a virtual one
	@packaging/bootstrap.sh --group run
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec .venv/bin/vmdesk; \
	else echo "No display here: the tour runs on a virtual one, its pictures go to build/tour/."; exec $(BED) tour build/tour; fi

test: ## the tests; ARGS="tests/unit -k name" chooses
	@packaging/bootstrap.sh --group test
	@$(BED) pytest $(ARGS)

test-full: ## the tests with every repetition
	@packaging/bootstrap.sh --group test
	@TEST_SCALE=1 $(BED) pytest $(ARGS)

lint: ## ruff, mypy --strict, the import directions
	@packaging/bootstrap.sh --group test
	@.venv/bin/ruff check --no-cache . && .venv/bin/ruff format --no-cache --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

bench: ## side by side with virt-manager and remote-viewer; the tables of ratios
	@packaging/bootstrap.sh --group bench
	@env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m compileall -q vmdesk
	@.venv/bin/python -m tests.bench.console_guest
	@$(BED) run .venv/bin/python -m tests.bench $(ARGS)

tour: ## a picture of every page, in build/tour/
	@packaging/bootstrap.sh --group run
	@$(BED) tour build/tour

i18n: ## texts without a Vietnamese translation, ready to be filled in
	@packaging/bootstrap.sh --group test
	@.venv/bin/python -m tests.i18n

lock: ## choose the newest versions that pyproject.toml allows, with their checksums
	@packaging/lock.sh
