# make            the programs, in build/bin: one for every folder under services/ with a main.c
# make run        plays the sample and goes on serving, in build/demo; installs missing packages first
# make test       T='meeting_*' runs only tests of that name; installs missing packages first
# make check      what CI runs: layers, format, docs, tests plain, sanitized and with faults, fuzz
# make crash      N=500 kill cycles, and IMAGES=500 power cuts, COPIES=1000 damaged copies, BUDGET=1000 seconds of
#                 storage calls that fail: as N says, unless given; T='crash/random*' only one of them
# make fuzz       F=name (all without), TIME=60 seconds each
# make deps       installs the Debian packages that are missing (as root, or with sudo)
# make bench      speed beside redis, from tests/bench; QUICK=1 shows that it works, in two minutes
# make docs layers faults format install clean
#
# V=1 shows the commands.  CC=clang, SAN=address,undefined and FAULTS=1 build in folders of their own.
# BUILD=/elsewhere keeps everything that is made out of the tree.  PREFIX= and DESTDIR= for install.

NPROC := $(shell nproc)
MAKEFLAGS += -rR --no-print-directory -j$(NPROC)
comma := ,
INSTALLS := run test check crash fuzz bench deps

PACKAGES := gcc pkg-config libc6-dev libzmq3-dev libmsgpack-dev liblmdb-dev libuv1-dev libical-dev \
    libicu-dev libgmime-3.0-dev libcmark-dev libsodium-dev libjansson-dev libconfuse-dev \
    libsmartcols-dev libncurses-dev libsystemd-dev libcurl4-openssl-dev libcmocka-dev tzdata \
    python3 python3-zmq python3-msgpack python3-icalendar
PACKAGES += $(if $(filter check fuzz format,$(MAKECMDGOALS)),clang clang-format)
PACKAGES += $(if $(filter test check crash,$(MAKECMDGOALS)),strace fuse3 libfuse3-dev e2fsprogs)
PACKAGES += $(if $(filter bench,$(MAKECMDGOALS)),redis-server)
PACKAGES += $(if $(filter test check crash bench,$(MAKECMDGOALS)),openssl libnss-wrapper libidn12 libgnutls-dane0)
LIBRARIES := libzmq lmdb libuv libical icu-i18n icu-uc gmime-3.0 libcmark libsodium jansson \
    libconfuse smartcols ncursesw libsystemd libcurl

# Where things go: build/, or a folder for each way of building.
BUILD ?= build
ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
ifneq ($(filter fuzz,$(MAKECMDGOALS)),)
CC := clang
WAY := fuzz
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
else
WAY := $(if $(SAN),san-$(subst $(comma),-,$(SAN)))$(if $(FAULTS),-faults)$(if $(findstring clang,$(CC)),-clang)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
endif
B := $(BUILD)$(patsubst /-%,/%,$(if $(WAY),/$(WAY)))

# pkg-config is asked when it is first needed, not before: by then the packages are there.
CFLAGS_LIBS = $(eval CFLAGS_LIBS := $$(patsubst -I%,-isystem %,$$(shell pkg-config --cflags $(LIBRARIES))))$(CFLAGS_LIBS)
LIBS = $(eval LIBS := $$(shell pkg-config --libs $(LIBRARIES) || echo missing-libraries) \
    $$(shell pkg-config --libs msgpack 2>/dev/null || pkg-config --libs msgpack-c))$(LIBS)

CPPFLAGS = -I. -D_GNU_SOURCE $(if $(FAULTS),-DFAULTS) $(CFLAGS_LIBS)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Werror
HARDENED := -fPIE -fstack-protector-strong \
    $(if $(filter x86_64,$(shell uname -m)),-fcf-protection -fstack-clash-protection) \
    $(if $(SANFLAGS),-fno-omit-frame-pointer,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CFLAGS = -std=gnu17 -O2 -g $(WARNINGS) $(HARDENED) $(SANFLAGS)
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)

# What there is. A file that is there is built; there are no lists to forget.
objects = $(patsubst %.c,$(B)/obj/%.o,$(1))
SERVICES := $(patsubst services/%/,%,$(wildcard services/*/))
PROGRAMS := $(patsubst services/%/main.c,%,$(wildcard services/*/main.c))
UNITS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
BENCHES := $(patsubst tests/bench/%.c,%,$(filter-out tests/bench/bench.c,$(wildcard tests/bench/*.c)))
SIMULATORS := $(patsubst tests/sim/%.c,%,$(wildcard tests/sim/*.c))
FUZZERS := $(if $(F),$(F),$(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c)))
BASE := $(wildcard common/*.c proto/*.c)
HARNESS := $(wildcard tests/harness/*.c)
parts = $(filter-out %/main.c,$(wildcard services/$(1)/*.c services/$(1)/*/*.c))
# "/* service: scheduler */" as a line of a test links that service's parts to it.
OWNERS := $(shell grep -sHE '^/\* service: [a-z]+ \*/' tests/unit/*.c tests/fuzz/*.c tests/sim/*.c \
    | sed 's|:/\* service: |=|; s| \*/.*||')
archive_of = $(patsubst $(1)=%,$(B)/lib/%.a,$(filter $(1)=%,$(OWNERS)))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))
remember = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@

.PHONY: all deps deps-seen run test check crash fuzz bench docs docs-seen layers faults format format-seen install clean FORCE
.SECONDEXPANSION:
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS:%=$(B)/bin/%)

MISSING = dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(PACKAGES) 2>/dev/null \
    | sed -n 's/^installed //p' | sort > $(B)/.have; \
    missing=$$(printf '%s\n' $(PACKAGES) | sort | comm -23 - $(B)/.have | tr '\n' ' ')
deps deps-seen:
	@mkdir -p $(B); command -v dpkg-query >/dev/null || { \
	    echo "Not a Debian system: please see to these yourself: $(PACKAGES)"; exit 0; }; \
	$(MISSING); [ -n "$$missing" ] || exit 0; echo "Missing packages: $$missing"; \
	[ $@ = deps ] || { echo "Install them with: make deps"; exit 1; }; \
	if [ $$(id -u) = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; else \
	    echo "Neither root nor sudo. As root: apt-get install $$missing"; exit 1; fi; \
	$$sudo apt-get -qq update || echo "The package lists are not fresh; trying with the old ones."; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
	    --no-install-recommends $$missing

NEED := $(if $(filter $(INSTALLS),$(MAKECMDGOALS)),deps,deps-seen)
$(B)/flags: FORCE | $(NEED)
	$(call remember,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LIBS))
$(B)/sources: FORCE | $(NEED)
	$(call remember,$(BASE) $(HARNESS) $(foreach s,$(SERVICES),$(call parts,$(s))))

$(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/lib/base.a: $(call objects,$(BASE))
$(B)/lib/harness.a: $(call objects,$(HARNESS))
$(foreach s,$(SERVICES),$(eval $(B)/lib/$(s).a: $(call objects,$(call parts,$(s)))))
$(B)/lib/%.a: $(B)/sources
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

link = $(CC) $(LDFLAGS) $(1) $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
$(B)/bin/%: $(B)/obj/services/%/main.o $(B)/lib/%.a $(B)/lib/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call link) -o $@
$(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/lib/harness.a $$(call archive_of,tests/unit/$$*.c) $(B)/lib/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call link) $$(pkg-config --libs cmocka) -o $@
$(B)/sim/%: $(B)/obj/tests/sim/%.o $(B)/lib/harness.a $$(call archive_of,tests/sim/$$*.c) $(B)/lib/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call link) $$(pkg-config --libs cmocka) -o $@
$(B)/fuzzers/%: $(B)/obj/tests/fuzz/%_fuzz.o $$(call archive_of,tests/fuzz/$$*_fuzz.c) $(B)/lib/base.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call link,-fsanitize=fuzzer) -o $@

ARGS ?= $(if $(filter run,$(MAKECMDGOALS)),--demo --home $(B)/demo)
run: all
	$(Q)$(B)/bin/cirkel run $(ARGS)

# Mail servers to test with are unpacked, not installed: they would start, and replace those that are here.
$(BUILD)/mail: | $(NEED)
	$(call say,FETCH,$@)
	$(Q)rm -rf $@ $@.part && mkdir -p $@.part && cd $@.part && apt-get -qq -o APT::Sandbox::User=root download exim4-daemon-light postfix && \
	    for package in *.deb; do dpkg -x $$package . || exit 1; done && \
	    chmod -R u-s,g-s .
	$(Q)mv $@.part $@

# The name of one unit test builds that test only. Crash stories run on a build of their own.
FAULTED = $(if $(SAN)$(FAULTS)$(filter $(T),$(UNITS)),,yes)
test: $(if $(filter $(T),$(UNITS)),$(B)/tests/$(T),all $(UNITS:%=$(B)/tests/%) $(SIMULATORS:%=$(B)/sim/%) $(BUILD)/mail)
	$(if $(FAULTED),$(Q)$(MAKE) all FAULTS=1)
	$(Q)tests/run --build $(B) $(if $(FAULTED),--crash $(B)/faults) $(if $(FAULTS),--crash $(B)) $(if $(SAN),--san) $(if $(T),'$(T)')

TIME ?= 60
fuzz: $(FUZZERS:%=$(B)/fuzzers/%)
	$(Q)for f in $(FUZZERS); do echo "  FUZZ  $$f, $(TIME) s"; \
	    mkdir -p $(B)/corpus/$$f; seeds=tests/data/fuzz/$$f; [ -d $$seeds ] || seeds=; \
	    $(B)/fuzzers/$$f -max_total_time=$(TIME) -timeout=10 -malloc_limit_mb=256 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=$(B)/$$f- $(B)/corpus/$$f $$seeds \
	        >$(B)/$$f.log 2>&1 || { tail -60 $(B)/$$f.log; exit 1; }; \
	    grep number_of_executed $(B)/$$f.log; done

# The crash tests in their long form. As root, or those on small disks and power cuts are left out.
N ?= 500
# The other long forms go by N, unless they are given: as many power cuts, twice as many damaged copies, and
# twice as many seconds of storage calls that fail in turn.
crash:
	$(Q)N=$(N) IMAGES=$(or $(IMAGES),$(N)) COPIES=$(or $(COPIES),$(N:%=$$((2*%)))) \
	    BUDGET=$(or $(BUDGET),$(N:%=$$((2*%)))) $(MAKE) test FAULTS=1 T='$(or $(T),crash/*)'

check:
	$(Q)$(MAKE) layers format-seen docs-seen
	$(Q)$(MAKE) test
	$(Q)$(MAKE) test SAN=address,undefined
	$(Q)$(MAKE) fuzz TIME=10

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/obj/tests/bench/bench.o
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call link) -o $@
$(B)/bench/unarmed: $(B)/lib/notifier.a $(B)/lib/base.a
bench: all $(BENCHES:%=$(B)/bench/%) $(BUILD)/mail
	$(Q)tests/bench/run --bin $(B)/bin $(ARGS)

docs: $(B)/bin/cirkel
	$(Q)$(B)/bin/cirkel protocol > proto/PROTOCOL.md
	$(Q)$(B)/bin/cirkel settings > config/cirkel.conf
docs-seen: $(B)/bin/cirkel
	$(Q)$(B)/bin/cirkel protocol | diff -u proto/PROTOCOL.md - && $(B)/bin/cirkel settings \
	    | diff -u config/cirkel.conf - || { echo "Stale: make docs"; exit 1; }

OURS = $(shell find common proto services tests -name '*.[ch]')
format:
	$(Q)clang-format -i $(OURS)
format-seen:
	$(Q)clang-format --dry-run -Werror $(OURS)

# rule FOLDERS, WHAT IS INCLUDED, WHERE THAT IS RIGHT (of "path:line:#include …"), WHY NOT
layers:
	@rule() { grep -rnE --include='*.[ch]' --include='*.def' --include='*.inc' "^ *# *include *$$2" $$1 2>/dev/null \
	    | grep -vE "$$3" | while read -r line; do echo "$$line  <- $$4"; done; }; found=$$( \
	rule common '"(proto|services|tests)/' '^$$' 'common includes only common'; \
	rule proto '"(services|tests)/' '^$$' 'proto includes only proto and common'; \
	for s in $(SERVICES); do rule services/$$s '"(services|tests)/' "\"services/$$s/" \
	    "a service includes common, proto and itself"; done; \
	rule 'common proto services tests' '"' '"(common|proto|services|tests)/' 'from the root'; \
	only() { rule 'common proto services' "<$$1" "^($$2):" "<$$1 only in $$2"; }; \
	only uv.h 'common/(loop|bus)[a-z_]*\.[ch]'; \
	only zmq.h 'common/bus[a-z_]*\.[ch]'; \
	only lmdb.h 'common/store[a-z_]*\.[ch]'; \
	only libical/ 'common/zone[a-z_]*\.c|services/notifier/calendar[a-z_]*\.c'; \
	only microhttpd.h 'common/http[a-z_]*\.[ch]'; \
	only curl/ 'services/notifier/(smtp|webhook)[a-z_]*\.c'; \
	); [ -z "$$found" ] || { echo "$$found"; exit 1; }

faults:
	@grep -rhoE --include='*.c' 'fault_point\("[^"]+"' common proto services | cut -d'"' -f2 | sort -u

PREFIX ?= /usr/local
TO = $(DESTDIR)$(PREFIX)
install: all
	$(Q)install -d $(TO)/bin $(TO)/lib/cirkel $(TO)/share/cirkel
	$(Q)install $(B)/bin/cirkel $(TO)/bin/
	$(Q)install $(patsubst %,$(B)/bin/%,$(filter-out cirkel,$(PROGRAMS))) $(TO)/lib/cirkel/
	$(Q)cp -R $(filter-out config/systemd config/packaging,$(wildcard config/*)) $(TO)/share/cirkel/
	$(Q)for u in $(wildcard config/systemd/*); do \
	    install -D -m 644 $$u $(TO)/lib/systemd/system/$${u##*/} || exit 1; done

clean:
	$(Q)rm -rf $(BUILD)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
