# make demo   sets everything up and goes the whole road, from a moving arm to a verified board
# make test   sets everything up and passes all checks and tests
# make wheel  builds dist/*.whl, which carries kernels, boards, firmware and templates
# Both set up once; `make clean` takes everything away again.

PYTHON ?=
BIN := .venv/bin
export NO_MKDOCS_2_WARNING := 1

.PHONY: demo test check bench coverage docs wheel clean help
help:
	@sed -n '1,/^$$/s/^# //p' Makefile

demo:
	@PYTHON=$(PYTHON) scripts/setup.sh demo
	@$(BIN)/tinyforge demo

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_c_format.py
	$(BIN)/python -m tinyforge.link.generate --check
	$(BIN)/python scripts/write_architectures.py --check
	$(BIN)/python -m mkdocs build --strict --quiet --site-dir .pytest_cache/site
	$(BIN)/tinyforge check models --quiet

test:
	@PYTHON=$(PYTHON) scripts/setup.sh test
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench:
	@PYTHON=$(PYTHON) scripts/setup.sh test
	$(BIN)/python -m pytest -m bench -s tests/bench

coverage:
	@PYTHON=$(PYTHON) scripts/setup.sh test
	$(BIN)/python -m pytest -n 2 --dist loadfile -q --cov --cov-report=term:skip-covered --cov-fail-under=90

docs:
	@PYTHON=$(PYTHON) scripts/setup.sh test
	$(BIN)/python -m mkdocs build --strict

wheel:
	@PYTHON=$(PYTHON) scripts/setup.sh demo
	$(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .

clean:
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis site
