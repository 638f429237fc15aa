# The two commands of the README are `make demo` and `make test`. Everything happens in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*.cpp native/*.h native/kernels/*.h native/codec/*)
CPP_FILES := $(filter %.cpp %.h,$(NATIVE))

.PHONY: demo test check format site package sanitize fuzz kill-stress benchmark bench-golden clean

demo: $(VENV)/installed
	$(BIN)/python assets/demo.py

test: $(VENV)/installed
	$(BIN)/python -m pytest

# Format, lint, types.
check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CPP_FILES)

# The documentation, in build/site.
site: $(VENV)/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Wheel and source archive, in build/dist: what is in them, and the wheel in an environment of its own.
package: $(VENV)/installed
	rm -rf build/dist build/package
	$(BIN)/python -m build --outdir build/dist >build/package.log 2>&1 || { cat build/package.log; exit 1; }
	$(BIN)/python tests/package_contents.py build/dist
	$(BIN)/python -m venv build/package
	build/package/bin/python -m pip install --quiet "$$(echo build/dist/*.whl)[test]"
	build/package/bin/python -m pytest tests/test_compression.py tests/test_conformance.py tests/test_docs.py

# The native tests under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize: $(VENV)/installed
	$(BIN)/cmake -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN)/ninja) -S . -B build/sanitize -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	    -DIMAGEGS_NATIVE_TESTS=ON -DIMAGEGS_SANITIZE=ON -DIMAGEGS_WERROR=ON
	$(BIN)/cmake --build build/sanitize
	build/sanitize/imagegs_native_tests

# Damaged files, other ones on every run, on all processors (FUZZ='-j 2 --count 1000'); `make test` has a share of them.
fuzz: $(VENV)/installed
	$(BIN)/python tests/fuzz.py --count 40000 $(FUZZ)

# kill -9 at 1,000 moments of encode and of decode over a file, and SIGTERM; `make test` has a share of them.
kill-stress: $(VENV)/installed
	$(BIN)/python tests/kill_stress.py
	$(BIN)/python tests/kill_stress.py --signal TERM --moments 300
	$(BIN)/python tests/kill_stress.py --signal TERM --moments 300 --named

# Four small pictures: bytes and PSNR are the committed ones, to the last digit.
bench-golden: $(VENV)/installed
	$(BIN)/python benchmarks/golden.py

benchmark: $(VENV)/installed
	$(BIN)/python benchmarks/kernels.py

clean:
	rm -rf build demo $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(NATIVE) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -Ccmake.define.IMAGEGS_WERROR=ON -e '.[dev]'
	touch $@
