# libnn. `make help` lists the targets; everything that is built goes under build/.
#
#   make V=1                  shows the commands
#   make CC=clang             another compiler
#   make BLAS=builtin         without OpenBLAS, on the built-in matrix product
#   make SANITIZE=thread      or address,undefined: builds with sanitizers
#   make VECTORS=64           AVX2's kernels in vectors as wide as AVX-512's, for tests
# Each of the last four builds in a folder of its own: build/clang, build/builtin, ...
# CFLAGS and LDFLAGS are the user's and come last; BLAS_CFLAGS and BLAS_LIBS name another CBLAS.

VERSION := $(shell awk '/define NN_VERSION_[MP]/ {v = v dot $$3; dot = "."} END {print v}' \
                        include/nn/base.h)
SONAME := libnn.so.$(firstword $(subst ., ,$(VERSION)))

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BLAS ?= $(if $(filter thread memory,$(SANITIZE)),builtin,openblas)
CFLAGS ?= -g
CIFAR10_URL ?= https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
CIFAR10_SHA256 = c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd
FASHION_MNIST_URL ?= http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
FASHION_MNIST_MD5 = train-images-idx3-ubyte.gz 8d4fb7e6c68d591d4c3dfef9ec88bf0d \
    train-labels-idx1-ubyte.gz 25c81989df183df01b3e8a0aad5dffbe \
    t10k-images-idx3-ubyte.gz bef4ecab320f06d8554ea6380940ec79 \
    t10k-labels-idx1-ubyte.gz bb300cfdad3c16e7a12a480ee83cd310

comma := ,
hash := \#
empty :=
VARIANT := $(if $(findstring clang,$(CC)),clang) $(filter builtin,$(BLAS)) \
    $(subst $(comma),-,$(SANITIZE)) $(VECTORS:%=vectors%)
VARIANT := $(subst $(empty) ,-,$(strip $(VARIANT)))
B := build$(if $(VARIANT),/$(VARIANT))

ifeq ($(origin CXX),default) # the compiler that belongs to CC
CXX := $(if $(findstring clang,$(CC)),clang++,g++)
endif

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) '$(2)')
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules

.PHONY: all deps help clean examples bench bench-check bench-peers peers check demo docs golden install uninstall lint format \
    cifar10 fashion-mnist FORCE
all:

# ---- What is missing on this machine, as Debian packages -----------------------------------------

MISSING := $(shell \
    command -v $(firstword $(CC)) >/dev/null || echo gcc; \
    $(CC) -include stdlib.h -E - </dev/null >/dev/null 2>&1 || echo libc6-dev; \
    command -v pkg-config >/dev/null || echo pkg-config; \
    pkg-config --exists openblas 2>/dev/null || pkg-config --exists cblas 2>/dev/null || \
        echo libopenblas-dev; \
    pkg-config --exists check 2>/dev/null || echo check; \
    pkg-config --exists zlib 2>/dev/null || echo zlib1g-dev; \
    pkg-config --exists libpng 2>/dev/null || echo libpng-dev; \
    pkg-config --exists libjpeg 2>/dev/null || echo libjpeg-dev; \
    command -v gnuplot >/dev/null || echo gnuplot-nox; \
    command -v g++ >/dev/null || echo g++; \
    command -v clang-format >/dev/null || echo clang-format; \
    command -v cppcheck >/dev/null || echo cppcheck; \
    command -v mandoc >/dev/null || echo mandoc; \
    command -v doxygen >/dev/null || echo doxygen; \
    command -v clang >/dev/null || echo clang; \
    command -v valgrind >/dev/null || echo valgrind; \
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv; \
    command -v python3-config >/dev/null || echo python3-dev; \
    pkg-config --exists dlib-1 2>/dev/null || echo libdlib-dev)
# What only lint and format, docs, .ci/run, golden, peers or bench-check need: left out unless FOR says so.
FOR_LINT := clang-format cppcheck mandoc
FOR_DOCS := doxygen
FOR_CI := clang
FOR_BENCH_CHECK := valgrind
FOR_GOLDEN := $(if $(PYTHON),,python3-venv)
FOR_PEERS := libdlib-dev python3-dev python3-venv
UNASKED := $(if $(filter lint format ci,$(FOR)),,$(FOR_LINT)) \
    $(if $(filter docs ci,$(FOR)),,$(FOR_DOCS)) $(if $(filter ci,$(FOR)),,$(FOR_CI)) \
    $(if $(filter golden peers,$(FOR)),,python3-venv) \
    $(if $(filter peers,$(FOR)),,libdlib-dev python3-dev) \
    $(if $(filter bench-check,$(FOR)),,$(FOR_BENCH_CHECK))

deps: ## install what is missing: compilers, OpenBLAS, zlib, libpng, libjpeg, Check, gnuplot
	@set -e; set -- $(filter-out $(UNASKED),$(MISSING)); \
	if [ $$# = 0 ]; then echo "make deps: everything is installed"; exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	if ! command -v apt-get >/dev/null || ! command -v $${sudo:-env} >/dev/null; then \
	    echo "make deps: please install these packages (Debian's names): $$*" >&2; exit 1; fi; \
	echo "make deps: installing $$*"; \
	mkdir -p build; $$sudo apt-get update >build/deps.log 2>&1 || true; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	    "$$@" >>build/deps.log 2>&1 || { tail -n 20 build/deps.log >&2; exit 1; }

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

clean: ## remove everything that was built
	rm -rf build

# ---- Typed first on a bare machine: get what the goals need, then start over ---------------------

GOALS := $(filter-out deps help clean cifar10 fashion-mnist uninstall,$(or $(MAKECMDGOALS),all))
NEED := gcc libc6-dev $(if $(BLAS_LIBS)$(filter builtin,$(BLAS)),,pkg-config libopenblas-dev) \
    $(if $(filter check,$(GOALS)),pkg-config check) $(if $(filter demo,$(GOALS)),gnuplot-nox) \
    $(if $(filter lint format,$(GOALS)),$(FOR_LINT)) $(if $(filter docs,$(GOALS)),$(FOR_DOCS)) \
    $(if $(filter golden,$(GOALS)),$(FOR_GOLDEN)) $(if $(filter peers,$(GOALS)),g++ $(FOR_PEERS)) \
    $(if $(filter bench-check,$(GOALS)),$(FOR_BENCH_CHECK))
ABSENT := $(if $(GOALS),$(filter $(NEED),$(MISSING)))

ifneq ($(filter-out $(if $(DEPS_DONE),gnuplot-nox),$(ABSENT)),)
ifdef DEPS_DONE
$(error still missing after `make deps`: $(ABSENT))
endif
.PHONY: $(GOALS)
.NOTPARALLEL:
$(GOALS):
	@$(MAKE) deps FOR=$@ $(if $(filter-out gnuplot-nox,$(ABSENT)),,|| true)
	@$(MAKE) DEPS_DONE=1 $@
else # nothing below is read before everything is there

# ---- Flags ---------------------------------------------------------------------------------------

X86 := $(filter x86_64%,$(shell $(CC) -dumpmachine))
LEVELS := baseline $(if $(X86),avx2 avx512)
LEVEL_avx2 := -mavx2 -mfma $(VECTORS:%=-DNN__SIMD_BYTES=% -Wno-psabi)
LEVEL_avx512 := -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wold-style-definition -Wcast-qual -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla \
    -Wdouble-promotion -Wimplicit-fallthrough $(if $(WERROR),-Werror)
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
    $(if $(X86),-fstack-clash-protection -fcf-protection)
SANITIZERS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer

# The code around the kernels is made small; what is hot is in lib/kernels.
BASE := -std=c11 -D_POSIX_C_SOURCE=200809L -Os -ffp-contract=off -fPIC -fvisibility=hidden \
    -fno-asynchronous-unwind-tables \
    -ffunction-sections -fdata-sections -pthread -Iinclude -Ilib \
    $(WARNINGS) $(if $(SANITIZE),$(SANITIZERS),$(HARDENING))
# Relative relocations packed, where linker and C library know them: a tenth of the library.
PACKED := $(shell echo 'int x, *y = &x;' | $(CC) -shared -fPIC -Wl,-z,pack-relative-relocs \
    -xc - -o /dev/null 2>&1 | grep -q . || echo -Wl,-z,pack-relative-relocs)
LINK := $(if $(SANITIZE),-fsanitize=$(SANITIZE),-Wl,-z,defs) \
    -Wl,-z,relro,-z,now,-z,noexecstack $(PACKED)

ifneq ($(BLAS),builtin)
BLAS_PC := $(shell pkg-config --exists openblas 2>/dev/null && echo openblas || echo cblas)
BLAS_CFLAGS ?= $(shell pkg-config --cflags $(BLAS_PC) 2>/dev/null)
BLAS_LIBS ?= $(shell pkg-config --libs $(BLAS_PC) 2>/dev/null)
endif
LIBS := $(BLAS_LIBS) -lm -pthread

# What single files need on top.
KERNEL := $(if $(SANITIZE),-O1,-O2 -ftree-vectorize) -fno-align-functions -fno-math-errno -fno-trapping-math
# Loops over a window, and sums in registers, must be unrolled. With sanitizers that takes gcc minutes.
HOT := $(if $(SANITIZE),,pooling direct winograd winograd_few panels small_product builtin_gemm)
HOT := $(HOT:%=FLAGS_lib/kernels/%.c)
$(foreach hot,$(HOT),$(eval $(hot) := -O3))
# Short rows of filters are copied: for size, gcc would copy them byte by byte.
FLAGS_lib/layers/conv2d_winograd.c := -O2
# Its vectors are written out; what is left over is short.
FLAGS_lib/kernels/row_product.c := -fno-tree-vectorize
# Rows of classes are short, and exp is a call for each number: vectors gain nothing.
FLAGS_lib/kernels/crossentropy.c := -Os
FLAGS_lib/kernels/builtin_gemm.c += -ffp-contract=fast
FLAGS_lib/kernels/direct.c += -ffp-contract=fast
FLAGS_lib/kernels/winograd.c += -ffp-contract=fast
FLAGS_lib/kernels/winograd_few.c += -ffp-contract=fast
FLAGS_lib/kernels/small_product.c += -ffp-contract=fast
FLAGS_lib/kernels/panels.c += -ffp-contract=fast
FLAGS_lib/kernels/levels.c := $(if $(X86),-DNN_HAVE_X86_LEVELS)
FLAGS_lib/kernels/gemm.c := \
    $(if $(filter builtin,$(BLAS)),-DNN_BLAS_BUILTIN,$(BLAS_CFLAGS:-I%=-isystem %))

# ---- The library ---------------------------------------------------------------------------------

SOURCES := $(filter-out lib/files/%,$(wildcard lib/*/*.c))
LEVELED := $(filter-out %/gemm.c %/levels.c,$(wildcard lib/kernels/*.c))
OBJECTS := $(patsubst %.c,%.o,$(filter-out $(LEVELED),$(SOURCES))) \
    $(foreach level,$(LEVELS),$(LEVELED:.c=.$(level).o))

LIBRARY := $(B)/libnn.so.$(VERSION) $(B)/$(SONAME) $(B)/libnn.so

# libnn_files, which alone needs zlib, libpng and libjpeg: built where all three are.
FILES_PC := zlib libpng libjpeg
HAVE_FILES := $(shell pkg-config --exists $(FILES_PC) 2>/dev/null && echo yes)
FILES_CFLAGS := $(if $(HAVE_FILES),$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(FILES_PC))))
FILES_LIBS := $(if $(HAVE_FILES),$(shell pkg-config --libs $(FILES_PC)))
FILES_SOURCES := $(if $(HAVE_FILES),$(wildcard lib/files/*.c))
FILES_OBJECTS := $(FILES_SOURCES:.c=.o)
FILES_ALSO := lib/formats/zip.o lib/formats/sort.o
FILES_SONAME := libnn_files.so.$(firstword $(subst ., ,$(VERSION)))
FILES_LIBRARY := $(if $(HAVE_FILES),$(B)/libnn_files.so.$(VERSION) $(B)/$(FILES_SONAME) \
    $(B)/libnn_files.so)
FILES_ARCHIVE := $(if $(HAVE_FILES),$(B)/libnn_files.a)
$(foreach source,$(FILES_SOURCES),$(eval FLAGS_$(source) := $(FILES_CFLAGS)))

all: $(LIBRARY) $(B)/libnn.a $(FILES_LIBRARY) $(FILES_ARCHIVE) ## the shared and the static library
ifndef HAVE_FILES
all: without_files
.PHONY: without_files
without_files:
	@echo 'make: libnn_files is left out; make deps gets what it needs: $(FILES_PC)'
endif

# A change of the flags compiles again: the files below depend on this one.
COMMAND := $(CC) $(BASE) $(KERNEL) $(foreach file,$(filter FLAGS_%,$(.VARIABLES)),$(file)=$($(file))) \
    $(CFLAGS) $(LINK) $(LIBS) $(LDFLAGS)
ifneq ($(file <$(B)/flags),$(COMMAND))
$(shell mkdir -p $(B))
$(file >$(B)/flags,$(COMMAND))
endif

IN_TESTS = $(if $(findstring tests/,$@),-Itests -Wno-missing-prototypes)
compile = $(Q)mkdir -p $(@D) && $(CC) $(BASE) $(IN_TESTS) $(1) \
    $(FLAGS_$<) $(CFLAGS) -MMD -MP -c -o $@ $<

# $(1) the folder of the objects, $(2) flags, $(3) a level
define level_rule
$(1)/%.$(3).o: %.c $(B)/flags
	$$(call say,CC,$$< $(3))
	$$(call compile,$(2) $(KERNEL) $(LEVEL_$(3)) -DNN_LEVEL=$(3))
endef
define object_rules
$(1)/%.o: %.c $(B)/flags
	$$(call say,CC,$$<)
	$$(call compile,$(2))
$(foreach level,$(LEVELS),$(eval $(call level_rule,$(1),$(2),$(level))))
endef
$(eval $(call object_rules,$(B)/obj,))
$(eval $(call object_rules,$(B)/double,-DNN_REAL_IS_DOUBLE))

$(B)/libnn.a: $(OBJECTS:%=$(B)/obj/%)
$(B)/libnn_double.a: $(OBJECTS:%=$(B)/double/%)
$(B)/libnn_files.a: $(FILES_OBJECTS:%=$(B)/obj/%)
$(B)/libnn.a $(B)/libnn_double.a $(B)/libnn_files.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libnn.so.$(VERSION): $(OBJECTS:%=$(B)/obj/%) lib/libnn.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libnn.map \
	    -Wl,--gc-sections $(LINK) \
	    -o $@ $(filter %.o,$^) $(LDFLAGS) $(LIBS)
$(B)/$(SONAME) $(B)/libnn.so: $(B)/libnn.so.$(VERSION)
	$(Q)ln -sf libnn.so.$(VERSION) $@

$(B)/libnn_files.so.$(VERSION): $(patsubst %,$(B)/obj/%,$(FILES_OBJECTS) $(FILES_ALSO)) \
        lib/libnn.map $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(FILES_SONAME) -Wl,--version-script=lib/libnn.map \
	    -Wl,--gc-sections $(LINK) -o $@ $(filter %.o,$^) -L$(B) -lnn $(LDFLAGS) $(FILES_LIBS) -lm
$(B)/$(FILES_SONAME) $(B)/libnn_files.so: $(B)/libnn_files.so.$(VERSION)
	$(Q)ln -sf libnn_files.so.$(VERSION) $@

# ---- Programs: examples on the shared library, bench and tests on the static one -----------------

EXAMPLES := $(patsubst %.c,$(B)/%,$(filter-out examples/common.c,$(wildcard examples/*.c)))
examples: $(EXAMPLES) ## the example programs, in build/examples
# The one that reads packed files, where libnn_files is built.
FLAGS_examples/fashion_mnist.c := $(if $(HAVE_FILES),-DHAVE_NN_FILES)
$(B)/examples/fashion_mnist: FILES_LINK := $(if $(HAVE_FILES),-lnn_files)
$(B)/examples/fashion_mnist: $(FILES_LIBRARY)
$(EXAMPLES): $(B)/examples/%: $(B)/obj/examples/%.o \
        $(patsubst %.c,$(B)/obj/%.o,$(wildcard examples/common.c)) $(LIBRARY)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(if $(SANITIZE),$(LINK)) -o $@ $(filter %.o,$^) \
	    -L$(B) $(FILES_LINK) -lnn -Wl,-rpath,'$$ORIGIN/..' $(LDFLAGS) -lm

# Those in C++, where there is a compiler for it.
EXAMPLES_CXX := $(patsubst %.cpp,$(B)/%,$(wildcard examples/*.cpp))
examples: $(EXAMPLES_CXX)
$(EXAMPLES_CXX): $(B)/%: %.cpp $(wildcard include/*.h include/nn/*.h) $(LIBRARY)
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D); if echo '$(hash)include <memory>' | \
	    $(CXX) -xc++ -std=c++17 -fsyntax-only - >/dev/null 2>&1; then \
	    $(CXX) -std=c++17 -O2 -Wall -Wextra -Wpedantic -Wshadow $(if $(WERROR),-Werror) \
	        $(if $(SANITIZE),$(SANITIZERS)) -Iinclude $(CFLAGS) -o $@ $< \
	        -L$(B) -lnn -Wl,-rpath,'$$ORIGIN/..' $(LDFLAGS); \
	else echo 'make: $< is left out: $(CXX) compiles no C++17; make deps installs g++'; fi

link = $(Q)mkdir -p $(@D) && $(CC) $(LINK) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) $(1) $(LIBS)

bench: $(B)/bench/nn_bench ## build and run the microbenchmarks
	$(B)/bench/nn_bench $(BENCH)
# What loads the machine to its peak, for each level.
FLAGS_bench/levels/peak.c := -O3 -ffp-contract=fast
FLAGS_bench/peak.c := $(if $(X86),-DNN_HAVE_X86_LEVELS)
$(B)/bench/nn_bench: $(patsubst %.c,$(B)/obj/%.o,$(wildcard bench/*.c)) \
        $(LEVELS:%=$(B)/obj/bench/levels/peak.%.o) $(B)/libnn.a
	$(call say,LD,$@)
	$(call link)

# Instructions of fixed work under callgrind, on the built-in product, against bench/check/expected.
bench-check: $(if $(filter builtin,$(BLAS)),$(B)/bench/check) ## have instruction counts grown? UPDATE=1, AGAINST=COMMIT
	$(if $(filter builtin,$(BLAS)),@CC="$(CC)" MAKE="$(MAKE)" sh bench/check/run.sh $(B) \
	    $(if $(UPDATE),--update) $(AGAINST),+@$(MAKE) BLAS=builtin bench-check)
$(B)/bench/check: $(patsubst %,$(B)/obj/bench/%.o,support timing models lone predictor stepper) \
        $(patsubst %.c,$(B)/obj/%.o,$(wildcard bench/check/*.c)) $(B)/libnn.a
	$(call say,LD,$@)
	$(call link)

# libnn beside PyTorch, Keras and dlib, those of them that are there; make peers installs them all.
# Other interpreters: `make bench-peers TORCH_PYTHON=one KERAS_PYTHON=one`.
HAVE_DLIB := $(shell pkg-config --exists dlib-1 2>/dev/null && echo yes)
bench-peers: $(B)/peers/nn_libnn $(if $(HAVE_DLIB),$(B)/peers/nn_dlib) ## race them; PEERS="--help" tells the options
	@python3 bench/peers/race.py --out $(B)/peers --torch-python $(or $(TORCH_PYTHON),$(B)/torch/bin/python) \
	    --keras-python $(or $(KERAS_PYTHON),$(PYTHON),$(B)/keras/bin/python) $(PEERS)
peers: $(B)/torch/ready $(if $(KERAS_PYTHON)$(PYTHON),,$(B)/keras/ready) ## install PyTorch, Keras and dlib for bench-peers (7 GB)
$(B)/torch/ready: bench/peers/requirements.txt
	$(call say,VENV,$(@D))
	$(Q)rm -rf $(@D) && python3 -m venv $(@D) && $(@D)/bin/pip install --quiet -r $< && touch $@
$(B)/peers/nn_libnn: $(patsubst %,$(B)/obj/bench/%.o,peers/libnn models support) $(B)/libnn.a
	$(call say,LD,$@)
	$(call link)
$(B)/peers/nn_dlib: bench/peers/dlib.cpp
	$(call say,CXX,$<)
	$(Q)mkdir -p $(@D) && $(CXX) -std=c++17 -O3 -march=native -Wall -Wextra -o $@ $< $(CFLAGS) \
	    -ldlib -lopenblas -pthread $(LDFLAGS)

# ---- Tests ---------------------------------------------------------------------------------------

# tests/golden is run by both builds, with sanitizers by the one in double alone.
GOLDEN_C := $(wildcard tests/golden/*.c)
APART := $(wildcard tests/gradients/test_*.c) $(GOLDEN_C)
TESTS_C := $(if $(SANITIZE),,$(GOLDEN_C)) $(filter-out $(APART) $(if $(HAVE_FILES),,tests/files/%), \
    $(wildcard tests/test_*.c tests/*/test_*.c))
HARNESS := tests/main.o tests/helpers.o
CHECK_LIBS = $(shell pkg-config --libs check)

$(B)/tests/nn_tests: $(TESTS_C:%.c=$(B)/obj/%.o) $(HARNESS:%=$(B)/obj/%) \
    $(FILES_ARCHIVE) $(B)/libnn.a
$(B)/tests/nn_gradients: $(APART:%.c=$(B)/double/%.o) $(HARNESS:%=$(B)/double/%) \
    $(B)/libnn_double.a
$(B)/tests/nn_tests $(B)/tests/nn_gradients:
	$(call say,LD,$@)
	$(call link,$(CHECK_LIBS) $(FILES_LIBS))

# The runner's list of suites: the names of the files.
$(B)/obj/tests/main.o: FLAGS_tests/main.c = -I$(B)/obj/tests
$(B)/double/tests/main.o: FLAGS_tests/main.c = -I$(B)/double/tests
$(B)/obj/tests/main.o: $(B)/obj/tests/suites.h
$(B)/double/tests/main.o: $(B)/double/tests/suites.h
$(B)/obj/tests/suites.h: LIST = $(TESTS_C)
$(B)/double/tests/suites.h: LIST = $(APART)
%/suites.h: FORCE
	@mkdir -p $(@D); for f in $(sort $(foreach f,$(LIST),$(if $(filter test_%,$(notdir $f)),$f))); do f=$${f##*/test_}; echo "X($${f%.c})"; done >$@.new; \
	    cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# `make check TESTS=pool` runs the suites with "pool" in their names. Each part writes a log.
PARTS := $(if $(filter-out $(SANITIZE:%=golden),$(or $(TESTS),all)),tests) \
    $(if $(or $(if $(TESTS),,all),$(findstring golden,$(TESTS))),gradients) \
    $(if $(TESTS)$(SANITIZE),,api install docs)
RUN_tests = $(B)/tests/nn_tests $(TESTS)
RUN_gradients = $(B)/tests/nn_gradients $(TESTS)
RUN_api = sh tests/api/run.sh $(B)
RUN_install = MAKE="$(MAKE)" sh tests/install/run.sh $(B)
RUN_docs = CC="$(CC)" sh tests/docs/run.sh $(B)
$(B)/check/tests.log: $(B)/tests/nn_tests
$(B)/check/gradients.log: $(B)/tests/nn_gradients
$(patsubst %,$(B)/check/%.log,api install docs): $(LIBRARY) $(B)/libnn.a $(FILES_LIBRARY) \
    $(FILES_ARCHIVE)
$(B)/check/%.log: FORCE
	$(call say,TEST,$(RUN_$*))
	+@mkdir -p $(@D); $(if $(SANITIZE),CK_FORK=no LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp) \
	    $(RUN_$*) >$@ 2>&1 || { cat $@; exit 1; }

check: $(PARTS:%=$(B)/check/%.log) ## all tests; TESTS=word for some of the suites
	@for part in $(filter-out tests,$(PARTS)) $(filter tests,$(PARTS)); do cat $(B)/check/$$part.log; done

# Keras itself; `make golden GOLDEN="--seed 7 --out DIR layers"` passes arguments.
golden: $(if $(PYTHON),,$(B)/keras/ready) ## let Keras write tests/golden anew; PYTHON=one that has it
	$(or $(PYTHON),$(B)/keras/bin/python) tests/golden/make_golden.py $(GOLDEN)
$(B)/keras/ready: tests/golden/requirements.txt
	$(call say,VENV,$(@D))
	$(Q)rm -rf $(@D) && python3 -m venv $(@D) && $(@D)/bin/pip install --quiet -r $< && touch $@

lint: $(LIBRARY) $(FILES_LIBRARY) $(EXAMPLES) $(EXAMPLES_CXX) $(B)/bench/nn_bench ## the format, the arrows of the house, the comments, the symbols, the manual pages
	clang-format --dry-run -Werror $(FORMATTED)
	sh tests/lint/run.sh $(B) $(B)/libnn.so $(if $(HAVE_FILES),$(B)/libnn_files.so)

docs: $(LIBRARY) $(FILES_LIBRARY) ## the reference of all public names, in build/docs/html
	$(call say,DOXYGEN,build/docs/html/index.html)
	$(Q)sh docs/doxygen/run.sh $(VERSION)
	$(Q)sh tests/lint/docs.sh build/docs/xml $(B)/libnn.so $(if $(HAVE_FILES),$(B)/libnn_files.so)

format: ## let clang-format rewrite the sources
	clang-format -i $(FORMATTED)
FORMATTED = $(shell find include lib examples tests bench -name '*.[ch]' -o -name '*.cpp')

# ---- Demo and data -------------------------------------------------------------------------------

CIFAR10_FOUND := $(or $(CIFAR10_DIR),$(wildcard data/cifar-10-batches-bin))
DEMO_ON := $(strip $(if $(CIFAR10_FOUND), \
    the first 10$(comma)000 pictures of CIFAR-10$(comma) 5 epochs each, \
    the generated set ("make cifar10" gets the real one)))
demo = $(B)/examples/cifar10_$(1) $(if $(CIFAR10_FOUND),--limit 10000 --epochs 5,--epochs $(2)) \
    --out $(B)/demo/$(1)
demo: examples ## train the two CIFAR-10 networks, in under two minutes; results in build/demo
	@echo 'make demo: conv2 and deep on $(DEMO_ON)'
	$(call demo,conv2,10)
	$(call demo,deep,6)
	$(B)/examples/predict $(B)/demo/conv2/model.safetensors
	$(B)/examples/predict $(B)/demo/deep/model.safetensors
	@echo 'make demo: pictures, history.csv and model files are in $(B)/demo/conv2 and $(B)/demo/deep'

cifar10: ## download CIFAR-10 to data/ and check it
	@sh examples/fetch.sh cifar10 data/cifar-10-batches-bin test_batch.bin \
	    "$(CIFAR10_URL)" $(CIFAR10_SHA256)

fashion-mnist: ## download Fashion-MNIST to data/ and check it
	@sh examples/fetch.sh fashion-mnist data/fashion-mnist t10k-labels-idx1-ubyte.gz \
	    $(patsubst %.gz,"$(FASHION_MNIST_URL)/%.gz",$(FASHION_MNIST_MD5))

# ---- Install -------------------------------------------------------------------------------------

CMAKE := $(LIBDIR)/cmake/nn
FILLED := -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
    -e 's|@VERSION@|$(VERSION)|' -e 's|@SONAME@|$(SONAME)|' \
    -e 's|@FILES_SONAME@|$(FILES_SONAME)|' -e 's|@PRIVATE@|$(LIBS)|'

define install_files
$(Q)install -m 755 $(B)/libnn_files.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	$(Q)ln -sf libnn_files.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(FILES_SONAME)
	$(Q)ln -sf $(FILES_SONAME) $(DESTDIR)$(LIBDIR)/libnn_files.so
	$(Q)install -m 644 $(B)/libnn_files.a $(DESTDIR)$(LIBDIR)
	$(Q)install -m 644 include/nn_files.h $(DESTDIR)$(INCLUDEDIR)
	$(Q)sed $(FILLED) lib/files/nn_files.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/nn_files.pc
endef

install: all ## under PREFIX (/usr/local): libraries, headers, manual, pkg-config and CMake files
	$(Q)mkdir -p $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(CMAKE) $(INCLUDEDIR)/nn \
	    $(MANDIR)/man3)
	$(Q)install -m 755 $(B)/libnn.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	$(Q)ln -sf libnn.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libnn.so
	$(Q)install -m 644 $(B)/libnn.a $(DESTDIR)$(LIBDIR)
	$(Q)install -m 644 include/nn.h $(DESTDIR)$(INCLUDEDIR)
	$(if $(HAVE_FILES),$(call install_files))
	$(Q)install -m 644 include/nn/*.h $(DESTDIR)$(INCLUDEDIR)/nn
	$(Q)install -m 644 docs/man/*.3 $(DESTDIR)$(MANDIR)/man3
	$(Q)sed $(FILLED) nn.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/nn.pc
	$(Q)sed $(FILLED) lib/nnConfig.cmake.in >$(DESTDIR)$(CMAKE)/nnConfig.cmake
	$(Q)sed $(FILLED) lib/nnConfigVersion.cmake.in >$(DESTDIR)$(CMAKE)/nnConfigVersion.cmake
	$(Q)case "$(DESTDIR)$(LIBDIR)" in /usr/*) [ $$(id -u) != 0 ] || ldconfig;; esac

uninstall: ## remove what install put there
	$(Q)cd $(DESTDIR)$(LIBDIR) && rm -f libnn.so* libnn.a pkgconfig/nn.pc \
	    libnn_files.so* libnn_files.a pkgconfig/nn_files.pc
	$(Q)rm -rf $(DESTDIR)$(CMAKE) $(DESTDIR)$(INCLUDEDIR)/nn $(DESTDIR)$(INCLUDEDIR)/nn.h \
	    $(DESTDIR)$(INCLUDEDIR)/nn_files.h
	$(Q)rm -f $(addprefix $(DESTDIR)$(MANDIR)/man3/,$(notdir $(wildcard docs/man/*.3)))

-include $(shell find $(B)/obj $(B)/double -name '*.d' 2>/dev/null)

endif
