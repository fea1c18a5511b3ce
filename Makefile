# Builds, installs and tests the extension through PGXS; the daemon and the unit tests are CMake's (CMakeLists.txt).
EXTENSION = tenancy
EXTVERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" tenancy.control)

MODULE_big = tenancy
OBJS = $(patsubst %.cpp,%.o,$(wildcard extension/*.cpp extension/core/*.cpp))

INSTALL_SQL = extension/sql/tenancy--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)
DATA = $(wildcard extension/sql/tenancy--*--*.sql)
EXTRA_CLEAN = $(INSTALL_SQL) $(OBJS:.o=.d) results regression.diffs regression.out output_iso

REGRESS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=tenancy
ISOLATION = $(sort $(patsubst specs/%.spec,%,$(wildcard specs/*.spec)))
ISOLATION_OPTS = --load-extension=tenancy

PG_CONFIG ?= pg_config

# The profile of the extension's C++: nothing that throws, allocates or runs at load (docs/architecture.md).
CXX_PROFILE = -std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics \
	-fvisibility=hidden -fvisibility-inlines-hidden \
	-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wno-register
PG_CXXFLAGS = $(CXX_PROFILE) $(LTO) -Iextension -DTENANCY_VERSION='"$(EXTVERSION)"' -MMD -MP

# What runs in every statement is many small functions of many modules: inlined into one another they
# take a fifth fewer instructions. Only where one gcc makes and links all (another's version is another
# format, and clang answers nothing here), and not with sanitizers, most of whose checks would be lost at
# the link, which does not know of them. `make LTO=` does without.
sanitizers = $(findstring -fsanitize,$(CC) $(CXX) $(CFLAGS) $(CXXFLAGS))
LTO = $(if $(sanitizers),,$(if $(filter $(shell $(CC) -dumpfullversion 2>/dev/null),$(shell $(CXX) -dumpfullversion 2>/dev/null)),-flto=auto))

# All cryptography is OpenSSL's (extension/crypto.cpp).
SHLIB_LINK = -lcrypto $(LTO)

# Server headers as system headers: their warnings are not ours.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server)
# Bitcode would be compiled without PG_CXXFLAGS, and nothing here is worth inlining into SQL.
override with_llvm := no

# Before 16 the server's headers export nothing by themselves when all is hidden.
ifeq ($(shell $(PG_CONFIG) --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'),15)
PG_CXXFLAGS += -DPGDLLEXPORT='__attribute__((visibility("default")))'
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Made anew also when a part is renamed or goes: make knows only of files that are there.
SQL_PARTS = $(sort $(wildcard extension/sql/[0-9][0-9]_*.sql))
ifneq ($(shell sed -n '1s/^-- Parts: //p' $(INSTALL_SQL) 2>/dev/null),$(SQL_PARTS))
.PHONY: $(INSTALL_SQL)
endif
$(INSTALL_SQL): $(SQL_PARTS) tenancy.control
	{ echo "-- Parts: $(SQL_PARTS)"; cat $(SQL_PARTS); } > $@

# The version is compiled in.
$(OBJS): tenancy.control

-include $(OBJS:.o=.d)

.PHONY: check-symbols daemon format

# What the library may import and export; a wrong symbol is a broken promise of the profile.
check-symbols: all
	scripts/check-symbols $(shlib)

daemon:
	cmake -S . -B build/cmake -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/cmake

format:
	scripts/format
