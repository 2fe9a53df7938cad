# `make` alone prints what there is. Every target works on a fresh Debian 12 that has make and
# a Swift 6.2+ toolchain; what else is missing is installed by apt (as root, or by sudo).
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-user build fuzz chaos bench bench-check sanitize sanitize-address sanitize-thread format lint deps image image-test \
    programs install uninstall deb deb-test manifests quickstart-test docs

# Extra arguments for `swift test`, for example: make test ARGS='--filter Resolver'
ARGS ?=

help: ## Show this list
	@echo "ProbeOps node"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  First time here: make demo    Before a commit: make lint test"

demo: ## Backend, node and one job of each tool on this machine, results as a table
	@scripts/install-deps.sh demo
	@scripts/demo.sh

test: ## Build and run every test; counts skipped tests with their reasons
	@scripts/install-deps.sh test
	@scripts/test.sh $(ARGS)

test-user: ## The suites that start nodes, with each node an ordinary user (65534) once its raw sockets are open
	@scripts/install-deps.sh test
	@PROBEOPS_USER=65534 scripts/test.sh --filter '(ProbeAgent|KilledBackend|DashboardProgram)Tests' $(ARGS)

build: ## Build everything (debug)
	@scripts/install-deps.sh build
	swift build

sanitize: sanitize-address sanitize-thread ## Unit and loopback suites under both sanitizers (slow)

sanitize-address: ## The same, AddressSanitizer only
	@scripts/install-deps.sh test
	@scripts/sanitize.sh address $(ARGS)

sanitize-thread: ## The same, ThreadSanitizer only
	@scripts/install-deps.sh test
	@scripts/sanitize.sh thread $(ARGS)

fuzz: ## 1,000,000 mutated inputs for every decoder (ARGS="1000 whois": fewer, or one)
	@scripts/install-deps.sh build
	@scripts/fuzz.sh $(ARGS)

chaos: ## Faults around the node, 50 times each, and a hostile backend (40 minutes; part of `make test` in short)
	@scripts/install-deps.sh test
	@scripts/chaos.sh $(ARGS)

# One benchmark of several, for example: make bench BENCH=fidelity
BENCH ?=
bench: ## Measure against peers and ceilings, without soak and watch (release build; 15 minutes); BENCH=name for one
	@scripts/install-deps.sh bench
	swift build -c release --scratch-path .build-release --product probe-bench
	swift build -c release --scratch-path .build-release --product probe-agent
	swift build -c release --scratch-path .build-release --product probe-backend
	@$(MAKE) -s -C benchmarks
	@/usr/bin/python3 benchmarks/bench.py $(BENCH) $(ARGS)

bench-check: ## System calls and instructions a job against benchmarks/budgets.json (3 minutes)
	@scripts/install-deps.sh bench-check
	swift build --product probe-bench
	swift build --product probe-agent
	@$(MAKE) -s -C benchmarks targets
	@BENCH_PROGRAMS="$$(swift build --show-bin-path)" /usr/bin/python3 benchmarks/check.py $(ARGS)

image: ## Container images of node and backend, of this version (Docker; 10 minutes and more the first time)
	@version=$$(scripts/version.sh) && for target in node:probe-agent backend:probe-backend; do \
	    docker build --target $${target%:*} --build-arg VERSION=$$version \
	        --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null) \
	        -t probeops/$${target#*:}:$$version -t probeops/$${target#*:}:latest . || exit 1; done

image-test: ## Build and run the images, where a container engine answers
	@scripts/image-test.sh

# Where `make install` and `make deb` take the programs from; with PROGRAMS given, nothing is built.
ifdef PROGRAMS
programs: ;
else
PROGRAMS = .build-packages/programs
programs: ## The programs as packages have them (release build, Swift's libraries inside; 15 minutes the first time)
	@scripts/install-deps.sh build
	@mkdir -p $(PROGRAMS)
	@for name in probe-agent probe-backend; do scripts/release.sh $$name $(PROGRAMS)/$$name || exit 1; done
endif

export DESTDIR PREFIX UNITDIR SYSCONFDIR
install: programs ## Install programs, systemd units and users (PREFIX=/usr/local, DESTDIR)
	@PROGRAMS=$(PROGRAMS) scripts/install.sh

uninstall: ## The reverse; configuration and state stay
	@scripts/install.sh --uninstall

deb: programs ## Debian packages of node and backend into .build-packages
	@scripts/install-deps.sh deb
	@PROGRAMS=$(PROGRAMS) scripts/deb.sh

deb-test: deb ## Install, upgrade, remove and purge the packages in a fresh Debian (root; 5 minutes)
	@PROGRAMS=$(PROGRAMS) scripts/deb-test.sh

quickstart-test: deb ## docs/quickstart.md, each command as it stands, in a fresh Debian (root; 5 minutes)
	@scripts/quickstart-test.sh

manifests: ## Write deploy/kubernetes/plain from the chart
	@scripts/manifests.sh

docs: ## The libraries' documentation as a site, into .build-docs (DocC)
	@scripts/docs.sh

format: ## Rewrite Swift sources in the project's format (120 columns)
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples

lint: ## Check the format of Swift sources, and the shell scripts if shellcheck is installed
	@scripts/lint.sh

deps: ## Install what building and testing need (quiet when nothing is missing)
	@scripts/install-deps.sh test
