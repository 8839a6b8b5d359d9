# modhost's front door. `make run` and `make test` are all that a newcomer needs; `make help` lists the rest.

SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
MODULES := acc ask flatstore htable mi-fifo rtimer timestore
VERSION := $(shell sed -n 's/.*modhostVersion = "\(.*\)".*/\1/p' Sources/Configuration/Version.swift)

# Debian packages: what the programs link, what the tests use besides, what `make interop` talks to.
BUILD_PACKAGES := libltdl-dev libjansson-dev libedit-dev nettle-dev pkg-config
TEST_PACKAGES := $(BUILD_PACKAGES) gcc g++ make binutils abigail-tools logrotate socat procps gawk man-db cmake patchelf \
	dpkg-dev strace
RUN_PACKAGES := $(BUILD_PACKAGES) socat
INSTALL_PACKAGES := $(BUILD_PACKAGES) patchelf
BENCH_PACKAGES := gcc libc6-dev python3 valgrind
PEER_PACKAGES := kamailio rsyslog sqlite3 libsqlite3-dev redis-server memcached influxdb rrdtool rrdcached victoria-metrics
DEB_PACKAGES := $(INSTALL_PACKAGES) dpkg-dev

# Product by product, so that what only the tests need is not built.
SWIFT_BUILD := for product in modhost modctl modcheck $(MODULES); do swift build -c release --product $$product || exit 1; done
RELEASE := .build/release

.PHONY: help run build test lint bench bench-peers bench-page torture sanitize fuzz interop doc install deb deb-check \
	clean deps-build deps-test deps-run deps-bench deps-interop deps-install deps-deb swift

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

swift:
	@command -v swift >/dev/null || { \
		echo "modhost needs a Swift toolchain (6.2 or later) and found none on the PATH."; \
		echo "Get one for Debian 12 at https://www.swift.org/install/linux/, then run make again."; \
		exit 1; }

deps-build:
	@sh Packaging/install-packages $(BUILD_PACKAGES)

deps-test:
	@sh Packaging/install-packages $(TEST_PACKAGES)

deps-run:
	@sh Packaging/install-packages $(RUN_PACKAGES)

deps-interop: deps-test
	@sh Packaging/install-packages kamailio kamcli || echo "kamailio and kamcli cannot be installed: what needs it will be skipped"

deps-bench:
	@sh Packaging/install-packages $(BENCH_PACKAGES)

deps-install:
	@sh Packaging/install-packages $(INSTALL_PACKAGES)

deps-deb:
	@sh Packaging/install-packages $(DEB_PACKAGES)

build: swift deps-build ## Build the host, modctl and the modules (release)
	@$(SWIFT_BUILD)

run: deps-run build ## Build and start the host on modules.conf with all modules; files go to ./run
	@mkdir -p run/acc run/timestore
	@printf '%s\n' "" "The FIFO is $(CURDIR)/run/modhost.fifo. Try, in another shell in this folder:" \
		"    $(RELEASE)/modctl which" \
		"    $(RELEASE)/modctl acc.record method=INVITE callid=first-call sip_code=200" \
		"    $(RELEASE)/modctl flat_rotate" "Ctrl-C stops the host." ""
	@exec $(RELEASE)/modhost -f modules.conf

test: swift deps-test ## Build and run all tests (debug)
	swift build --build-tests
	swift test --skip-build

lint: swift ## Check the format of Swift sources, shell scripts and manual pages
	swift format lint --strict --recursive --parallel Package.swift Sources Plugins Tests $(wildcard Benchmarks)
	@for script in .ci/run Packaging/install-packages Packaging/install-tree Packaging/install-documentation \
		Packaging/make-reference Packaging/debian/build $(wildcard Packaging/debian/modhost.*rm Packaging/debian/modhost.postinst) \
		Packaging/sdk/templates/common/test.sh Examples/data/generate-records Examples/data/expected-rows \
		Tests/BrokenModules/build.sh Tests/abi/renew.sh Tests/abi/canary.sh Tests/PackagingTests/debian-life \
		Tests/Interop/run Tests/Fuzzers/run; do \
		bash -n $$script || exit 1; done
	@command -v python3 >/dev/null || { echo "python3 is not installed: the benchmarks' scripts are NOT CHECKED"; exit 0; }; \
		python3 -c 'import ast, pathlib, sys; [ast.parse(path.read_text(), str(path)) for path in map(pathlib.Path, sys.argv[1:])]' \
		Benchmarks/run Benchmarks/draw $(wildcard Benchmarks/*/*.py Benchmarks/*/*/*.py)
	@command -v man >/dev/null || { echo "man is not installed: the manual pages are NOT CHECKED"; exit 0; }; \
		for page in Documentation/man/*; do \
			found=$$(LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z $$page 2>&1 >/dev/null); \
			[ -z "$$found" ] || { echo "$$page: $$found"; exit 1; }; done

bench: build deps-bench ## Measure every store beside its floor and the peers installed; ONLY=htable,mi limits it
	@python3 Benchmarks/run

bench-peers: ## Install the peers that `make bench` measures beside ours, where Debian has them; starts none of them
	@sh Packaging/install-packages $(BENCH_PACKAGES)
	@Benchmarks/peers/install $(PEER_PACKAGES)

bench-page: ## Draw the curves and renew Documentation/performance.md from the newest results in run/bench
	@sh Packaging/install-packages gnuplot-nox
	@python3 Benchmarks/draw

# SECONDS is a variable of the shell too, so only one that was given counts.
TORTURE_SECONDS = $(if $(HOURS),$(shell awk 'BEGIN { print int($(HOURS) * 3600) }'),$(if $(filter command line,$(origin SECONDS)),$(SECONDS)))
torture: swift deps-test ## Make every system call fail or be the last, kill under load: once, or for HOURS= (SECONDS=); ONLY="kill timestore"
	@$(SWIFT_BUILD)
	@swift build -c release --product torture
	@$(RELEASE)/torture $(TORTURE_SECONDS) $(ONLY)

# What crashes on purpose, or measures memory, is left out: the sanitizer answers in its own way there.
SANITIZED := TimestoreTests|HtableTests|BlackBoxTests.(Store|Fifo|Script|Route(Start|Command|Module))|Probe
sanitize: swift deps-test ## Run the black-box tests against a host and modules built with the address sanitizer
	@for product in modhost $(MODULES); do \
		swift build --sanitize=address --scratch-path .build-asan --product $$product || exit 1; done
	@swift build --build-tests
	@cp .build/debug/modctl .build-asan/debug/
	ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 MODHOST_BUILD_DIR=$(CURDIR)/.build-asan/debug \
		swift test --skip-build --filter '$(SANITIZED)'

fuzz: swift deps-test ## Run every fuzzer for SECONDS_EACH (default 60) with libFuzzer and the address sanitizer
	@bash Tests/Fuzzers/run

interop: swift deps-interop ## Talk to real peers where they are installed (kamailio, kamctl, kamcli, logrotate, socat)
	@$(SWIFT_BUILD)
	@bash Tests/Interop/run

install: build deps-install ## Install below DESTDIR and PREFIX (default /usr/local)
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" SYSCONFDIR="$(SYSCONFDIR)" VERSION="$(VERSION)" MODULES="$(MODULES)" \
		RELEASE="$(RELEASE)" sh Packaging/install-tree

doc: build ## Write the pages of the reference (Documentation/reference, Documentation/man) from what the modules declare
	@RELEASE="$(RELEASE)" MODULES="$(MODULES)" sh Packaging/make-reference

deb: build deps-deb ## Build the Debian packages modhost and modhost-dev into ./run/deb
	@RELEASE="$(RELEASE)" MODULES="$(MODULES)" VERSION="$(VERSION)" OUTPUT=run/deb bash Packaging/debian/build

deb-check: deb deps-deb ## Install, run, upgrade, remove and purge the packages in a fresh Debian root (needs root and debootstrap)
	@sh Packaging/install-packages debootstrap
	@bash Tests/PackagingTests/debian-life --fresh run/deb/*.deb

clean: ## Remove what was built and ./run
	rm -rf .build .build-* run
