# What one does here. Each target does the set-up it needs; nothing but Node (18 or later) and npm has to be there before.

# The pinned Node and the tools of the lock file, before the machine's own.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_COMPILE_CACHE ?= $(CURDIR)/node_modules/.cache/compiled

.PHONY: help setup npm console test check demo pictures bench bench-short bench-publish bench-delivery bench-throttle bench-upstream equal migrate boot-check live-root two-roots fuzz soak nodes crash libraries agent agent-packages agent-suite reference format clean

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## Install what tests and demo need: npm packages, the pinned Node, Debian packages
	@tools/setup test

npm:
	@tools/setup npm

console: npm ## Build the console's pages
	@tools/build-console

test: setup console ## Run all tests
	@vitest run

check: npm ## Type-check, lint, format, dead code, import rules, generated files, sizes
	@node tools/check.ts

demo: ## Run the whole line of data on this machine, then serve the console (DEMO_EXIT=1: stop instead)
	@tools/setup demo
	@tools/build-console
	@tools/run-demo

pictures: npm ## Take the README's pictures, of the demo that is running beside (ADDRESS=http://…)
	@node tools/take-pictures.ts $(ADDRESS)

bench: npm ## Measure us beside our peers, in one table (BENCH_ROUNDS=3)
	@node bench/bench.ts

bench-short: npm ## The same, once each
	@BENCH_ROUNDS=1 node bench/bench.ts

bench-publish: npm ## Measure our publishing beside reprepro, aptly, apt-ftparchive, createrepo_c and repo-add
	@node bench/publish.ts

bench-delivery: npm ## Bring two Debian trees to a node, beside rsync, OSTree and casync (BENCH_ROUNDS=5, BENCH_WHERE=memory or disk)
	@node bench/delivery.ts

bench-throttle: npm ## What fio and a web server notice while 1 GiB is brought to a node, by us and by rsync (BENCH_ROUNDS=1)
	@node bench/throttle.ts

bench-upstream: npm ## Measure the memory that an upstream of 100,000 packages takes
	@node bench/upstream-memory.ts

boot-check: setup ## Export a disk of a real image, boot it in qemu with BIOS and UEFI, pull its plug, promote it
	@BOOT_CHECK=1 vitest run test/guide.test.ts -t 'exports a disk'

live-root: setup ## Move a system that runs in qemu to another libc, systemd and OpenSSH and back, while a client keeps it busy
	@LIVE_ROOT=1 vitest run test/live-root.test.ts

two-roots: npm ## Boot a node with two roots from each, kill it in the middle of a move, and let it go back from what is not well
	@TWO_ROOTS=1 vitest run test/two-roots.test.ts

fuzz: npm ## Feed the readers damaged bytes for minutes (FUZZ_MINUTES=10, FUZZ_SEED=number)
	@node tools/fuzz.ts $(or $(FUZZ_MINUTES),10)

equal: npm ## Hold images against what apt, pacman and rpm install from the same packages, path by path
	@EQUAL_LOCKS=all vitest run test/equal

migrate: npm ## Go from one Debian release to the next in small steps, each held against apt
	@MIGRATE=all vitest run test/migrate.test.ts

crash: npm ## Kill the agent at every system call, let every one fail, and cut the power at every one (half an hour)
	@CRASH=all vitest run packages/agent/src/crash.test.ts packages/agent/src/power-cut.test.ts packages/agent/src/two-roots/crash.test.ts

soak: npm ## Let apt, dnf and pacman loop while publishers are killed (CLIENT_STATES=1000)
	@CLIENT_STATES=$(or $(CLIENT_STATES),1000) vitest run packages/repository/src/own/clients.test.ts

nodes: npm ## Let twelve nodes behind slow, lossy, lying and dying mirrors loop (NODE_ROUNDS=20, FUZZ_SEED=number)
	@NODE_ROUNDS=$(or $(NODE_ROUNDS),20) vitest run test/twelve-nodes.test.ts

libraries: npm ## Pack @holotype/formats and @holotype/solver for projects of others, into .cache/libraries
	@node tools/pack-libraries.ts

agent: npm ## Build the agent's executable, into .cache/agent (AGENT_TARGET=x64, x64-musl, arm64, arm64-musl)
	@node tools/build-agent.ts --target $(or $(AGENT_TARGET),x64)

agent-packages: npm ## The same, and packages of it for dpkg, pacman, rpm and xbps (AGENT_MAINTAINER='Name <mail@example.org>')
	@node tools/build-agent.ts --target $(or $(AGENT_TARGET),x64) --packages $(if $(AGENT_MAINTAINER),--maintainer "$$AGENT_MAINTAINER")

agent-suite: agent ## Run all tests of the agent inside its executable, which is also the program they start
	@cd packages/agent && BUN_BE_BUN=1 AGENT_PROGRAM=$(CURDIR)/.cache/agent/holotype-agent $(CURDIR)/.cache/agent/holotype-agent test --timeout 120000 src/

reference: npm ## Write docs/reference anew
	@node tools/generate-reference.ts

format: npm ## Format all files
	@biome format --write

clean: ## Remove what was built and what demos left (node_modules stays)
	rm -rf work .cache coverage packages/console/dist node_modules/.cache
