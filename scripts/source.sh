# shellcheck shell=bash
# PostgreSQL's own source from Debian: its test suites, and a build that checks itself. Sourced after lib.sh, never run.
# SPDX-License-Identifier: PostgreSQL
# shellcheck disable=SC2154 # lib.sh sets build, private_home

source_home=$build/source

source_packages() { printf '%s\n' bzip2 gcc make; }
checked_packages() {
    extension_packages
    printf '%s\n' libicu-dev libxml2-dev pkg-config valgrind zlib1g-dev
}

# apt with lists, cache and sources of our own, below build/: the machine's stay as they are.
source_apt() {
    local program=$1
    shift
    "$program" -q -o Dir::Etc::SourceList="$source_home/apt/sources.list" \
        -o Dir::Etc::SourceParts="$source_home/apt/parts" \
        -o Dir::State::Lists="$source_home/apt/lists" -o Dir::Cache="$source_home/apt/cache" \
        -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
}

# The machine's own sources of packages, asked for the source of them.
make_source_lists() {
    local file
    mkdir -p "$source_home"/apt/{parts,lists/partial,cache/archives/partial}
    : >"$source_home/apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
        [ ! -f "$file" ] || sed -E 's/^deb([[:space:]])/deb-src\1/; s/^Types:.*\bdeb\b.*/Types: deb-src/' \
            "$file" >"$source_home/apt/parts/${file##*/}"
    done
    # A source of packages that has no sources fails here; it is not the one we want.
    source_apt apt-get update || true
}

# Of the versions that the archive lists, the newest that it still (or already) has.
download_source() {
    local version
    make_source_lists && cd "$source_home" || return
    for version in $(source_apt apt-cache showsrc --only-source "postgresql-$TENANCY_PG_MAJOR" |
        sed -n 's/^Version: //p' | sort -ruV); do
        rm -f "postgresql-$TENANCY_PG_MAJOR"_*
        if source_apt apt-get source --download-only \
            "postgresql-$TENANCY_PG_MAJOR=$version"; then
            tar -xjf "postgresql-$TENANCY_PG_MAJOR"_*.orig.tar.bz2
            return
        fi
    done
    return 1
}

# postgres_source: sets `source_dir` to the unpacked source of PostgreSQL $TENANCY_PG_MAJOR. Its
# minor version may be another than the server's: no test may rely on its expected files.
postgres_source() {
    local found
    found=$(compgen -G "$source_home/postgresql-$TENANCY_PG_MAJOR.*/configure" | tail -n 1) || true
    if [ -z "$found" ]; then
        # shellcheck disable=SC2046 # a word is a package
        require_packages $(source_packages) && mkdir -p "$source_home" || return
        quietly source "Getting the source of PostgreSQL $TENANCY_PG_MAJOR" run_in_subshell \
            download_source || return
        found=$(compgen -G "$source_home/postgresql-$TENANCY_PG_MAJOR.*/configure" | tail -n 1) || true
    fi
    source_dir=${found%/configure}
    [ -n "$found" ]
}

run_in_subshell() { ("$@"); }

# use_checked_postgres: from here on the private PostgreSQL is one that checks itself.
#
# Assertions, freed memory overwritten, chunks checked for writes past their end, and allocations
# announced to valgrind, which sees them chunk by chunk only so. It is built once (6 minutes on one
# processor) with the layout of Debian's, so that all else works with it unchanged.
use_checked_postgres() {
    locate_private_home
    export TENANCY_PG_KIND=-checked
    local tree=$private_home/postgresql-$TENANCY_PG_MAJOR$TENANCY_PG_KIND
    # shellcheck disable=SC2046 # a word is a package
    require_packages $(checked_packages) && postgres_source || return
    if [ "$(cat "$tree/version" 2>/dev/null)" != "${source_dir##*/}" ]; then
        rm -rf "$tree"
        quietly checked-build "Building ${source_dir##*/} with checks" run_in_subshell \
            build_checked_postgres "$tree" && echo "${source_dir##*/}" >"$tree/version" || return
    fi
    private_postgres
}

build_checked_postgres() {
    local usr=$1/usr major=$TENANCY_PG_MAJOR objects=$source_home/checked
    mkdir -p "$objects" "$1" && cd "$objects" &&
        CFLAGS='-O1 -g -fno-omit-frame-pointer' CPPFLAGS=-DUSE_VALGRIND "$source_dir/configure" \
            --prefix="$usr" --bindir="$usr/lib/postgresql/$major/bin" --libdir="$usr/lib" \
            --datadir="$usr/share/postgresql/$major" \
            --includedir="$usr/include/postgresql" \
            --enable-cassert --enable-debug --with-icu --with-libxml --without-readline &&
        nice make -s -j"$(nproc)" && make -s install && make -s -C contrib/spi install &&
        make -s -C contrib/pg_trgm install &&
        rm -rf "$objects"
}
