# The two commands of the README are `make demo` and `make test`. Everything happens in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := CMakeLists.txt pyproject.toml $(wildcard native/*.cpp native/*/*.cpp native/*/*.h native/*/kernels/*.h)
CPP_FILES := $(filter %.cpp %.h,$(NATIVE))

# JavaScript is checked and tested where Node.js is new enough; with the variable IMAGEGS_TEST_ALL it must be.
NODE := $(shell npm --version >/dev/null 2>&1 && node -e 'const [major, minor] = process.versions.node.split("."); \
    if (100 * major + +minor >= 2019) console.log("yes")' 2>/dev/null)
ifeq ($(NODE),yes)
MODULES := node_modules/installed
endif
NO_NODE = @echo "npm and Node.js 20.19 or newer are missing: JavaScript is not $(1)" >&2; test -z "$$IMAGEGS_TEST_ALL"

.PHONY: demo test check check-web test-web format site package sanitize aarch64 fuzz kill-stress benchmark benchmarks-all tables bench-golden gpu-kernels clean

demo: $(VENV)/installed
	$(BIN)/python assets/demo.py

test: $(VENV)/installed test-web
	$(BIN)/python -m pytest -n auto --dist loadfile

test-web: $(MODULES)
	$(if $(MODULES),npm run --silent test,$(call NO_NODE,tested))

# Format, lint, types.
check: $(VENV)/installed check-web
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(CPP_FILES)
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

# The same of JavaScript, and the workflows of .github.
check-web: $(MODULES)
	$(if $(MODULES),npm run --silent check,$(call NO_NODE,checked))

format: $(VENV)/installed $(MODULES)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CPP_FILES)
	$(if $(MODULES),npm run --silent format)

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

# The kernels on ARM: built by a cross compiler, tested under an emulator (Debian: g++-aarch64-linux-gnu, qemu-user-static).
ARM := aarch64-linux-gnu
aarch64: $(VENV)/installed
	$(BIN)/cmake -G Ninja -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN)/ninja) -S . -B build/aarch64 -DCMAKE_BUILD_TYPE=Release \
	    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=$(ARM)-g++ \
	    -DIMAGEGS_NATIVE_TESTS=ON -DIMAGEGS_WERROR=ON
	$(BIN)/cmake --build build/aarch64
	qemu-aarch64-static -L /usr/$(ARM) build/aarch64/imagegs_native_tests

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

# Every kernel for graphics cards, compiled for three kinds of them, without one; nothing may be spilled. Needs torch and Triton.
gpu-kernels: $(VENV)/installed
	mkdir -p build
	$(BIN)/python benchmarks/gpu_kernels.py --output build/gpu_kernels.json

benchmark: $(VENV)/installed
	$(BIN)/python benchmarks/kernels.py

# All that docs/ has tables of, measured anew, which takes days; a second run goes on. The tables alone: `make tables`.
benchmarks-all: $(VENV)/installed
	$(BIN)/python benchmarks/everything.py

tables: $(VENV)/installed
	$(BIN)/python benchmarks/doc_tables.py

clean:
	rm -rf build demo node_modules src/imagegs/web/types $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(NATIVE) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -Ccmake.define.IMAGEGS_WERROR=ON -e '.[dev]'
	touch $@

# No lock file: it would name the host that the packages come from. What there is has to be as new as package.json says.
node_modules/installed: package.json src/imagegs/web/package.json
	npm install --silent --no-audit --no-fund
	touch $@
