# The commands of Parley. Each installs the Debian packages it needs (tools/setup) and builds what
# it needs (tools/build, which runs CMake and Ninja). Nothing else is built by this file.
#
#   make serve ARGS="--lan"      arguments for `parley serve`
#   make fuzz FUZZ_SECONDS=600   seconds for each fuzz target

SHELL := /bin/bash
FUZZ_SECONDS ?= 60

.PHONY: help serve test sanitize fuzz bench test-big format tidy clean

help:
	@echo 'make serve      build and start parley serve; prints the address to open (ARGS="…" for it)'
	@echo 'make test       build and run every test; ends with "N passed, N failed"'
	@echo 'make sanitize   the native tests under ASan with UBSan, and under TSan'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS seconds'
	@echo 'make bench      the benchmarks'
	@echo 'make test-big   the tests too large for every day'
	@echo 'make format     clang-format over our C++'
	@echo 'make tidy       clang-tidy over our C++'
	@echo 'make clean      removes build/'

serve:
	@tools/setup build page
	@tools/build release parley
	@exec env -u PARLEY_JOBS -u PARLEY_SKIP_SETUP build/release/parley serve $(ARGS)

test:
	@tools/test

sanitize:
	@tools/test asan tsan

test-big:
	@tools/test big

fuzz:
	@tools/setup build fuzz
	@tools/fuzz --seconds $(FUZZ_SECONDS)

bench:
	@tools/setup build bench
	@tools/bench

sources = git ls-files 'include/*.h' 'src/*.h' 'src/*.cc' 'server/*.h' 'server/*.cc' 'cli/*.h' 'cli/*.cc' 'sim/*.h' \
	'sim/*.cc' 'tests/*.h' 'tests/*.cc' 'fuzz/*.cc' 'bench/*.cc'

format:
	@tools/setup lint
	@$(sources) | xargs clang-format-14 -i

tidy:
	@tools/setup build page lint
	@tools/build release
	@$(sources) | grep '\.cc$$' | grep -v -e '^fuzz/' -e '^bench/' | xargs -P $$(nproc) -n 4 clang-tidy-14 -p build/release --quiet \
		--extra-arg=-Wno-unknown-warning-option  # GCC's, which the build's commands name

clean:
	rm -rf build
