# shellcheck shell=bash
# What the scripts share: Debian packages, a private PostgreSQL, private servers, counts of tests. Sourced, never run.
# SPDX-License-Identifier: PostgreSQL
#
# Nothing outside the clone is touched but Debian packages: the extension is installed into a copy
# of PostgreSQL, and servers have their own data, port and socket.

set -euo pipefail
# What we make is read by the user that servers run as, whatever the caller's mask says.
umask 022
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8
# (No <(...) here and in scripts/check: it needs /dev/fd, which a Debian root without /proc lacks.)
# A caller's connection settings must not lead psql from a private server to another one.
unset PGHOSTADDR PGSERVICE PGSERVICEFILE PGPASSWORD PGPASSFILE PGOPTIONS PGSSLMODE \
    PGTARGETSESSIONATTRS PGTZ PGDATESTYLE CDPATH

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$root/build
log_dir=$build/log
# The PostgreSQL to build for and to run; Debian 12 has 15.
: "${TENANCY_PG_MAJOR:=15}"
export TENANCY_PG_MAJOR
# Not 5432: a program that forgot PGHOST must not find the machine's own server.
private_port=54329
mkdir -p "$log_dir"

# ---- messages ------------------------------------------------------------------------------

note() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}

# quietly LOG MESSAGE COMMAND...: one line with the message and the time taken; the command's output
# goes to build/log/LOG.log, and its end is shown when the command fails.
quietly() {
    local log=$log_dir/$1.log message=$2 started=$SECONDS status=0
    shift 2
    printf '%s ... ' "$message"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        note "done ($((SECONDS - started)) s)"
    else
        note "FAILED ($((SECONDS - started)) s), the end of ${log#"$root"/}:"
        tail -n 40 "$log" | sed 's/^/    /'
    fi
    return "$status"
}

# ---- the end of a script -------------------------------------------------------------------

exit_commands=('end_jobs; stop_own_servers; tidy_private_home')

# at_exit COMMAND: run when the script ends in whatever way, the last one first.
at_exit() { exit_commands+=("$1"); }

run_exit_commands() {
    local status=$? i
    # A second Ctrl-C must not leave a server behind.
    trap '' INT TERM HUP
    set +e
    for ((i = ${#exit_commands[@]} - 1; i >= 0; i--)); do
        eval "${exit_commands[i]}"
    done
    exit "$status"
}
trap run_exit_commands EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# start_job COMMAND...: in the background, because bash acts on a signal only when what it runs in
# the foreground is done; in a process group of its own (-m), so that all of it can be ended.
# `job` is its process: wait for it, then end_job it.
start_job() {
    set -m
    "$@" </dev/null &
    set +m
    job=$!
    jobs_of_this_script[job]=running
}
jobs_of_this_script=()

# end_job PROCESS: ends what is left of a job: hung tests, programs that tests left behind.
end_job() {
    local try
    # Forgotten first: once it has ended, its number may be another's.
    unset "jobs_of_this_script[$1]"
    kill -TERM -- "-$1" 2>/dev/null || return 0
    for ((try = 0; try < 100; try++)); do
        kill -0 -- "-$1" 2>/dev/null || return 0
        sleep 0.2
    done
    kill -KILL -- "-$1" 2>/dev/null || true
}

# in_job COMMAND...: waits for it, with its status. For what takes minutes, so that Ctrl-C ends it.
in_job() {
    local own status=0
    start_job "$@"
    own=$job
    wait "$own" || status=$?
    end_job "$own"
    return "$status"
}

end_jobs() {
    local process
    for process in "${!jobs_of_this_script[@]}"; do end_job "$process"; done
}

# ---- Debian packages -----------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root: $*; run it as root or install sudo"
    fi
}

# The packages for each purpose, one a line.
extension_packages() {
    printf '%s\n' "postgresql-$TENANCY_PG_MAJOR" "postgresql-server-dev-$TENANCY_PG_MAJOR" \
        g++ make libssl-dev
}
daemon_packages() {
    printf '%s\n' cmake g++ make pkg-config libpq-dev libboost-program-options-dev libspdlog-dev \
        nlohmann-json3-dev libcpp-httplib-dev libcurl4-openssl-dev libsystemd-dev prometheus-cpp-dev libcsv-dev
}
unit_test_packages() { printf '%s\n' libgtest-dev; }
format_packages() { printf '%s\n' clang-format-14; }
fuzz_packages() { printf '%s\n' sqlsmith; }
matrix_packages() { printf '%s\n' git mmdebstrap debian-archive-keyring; }
pooler_packages() { printf '%s\n' mmdebstrap debian-archive-keyring g++ libpq-dev; }
# client_packages CLIENT: what tests/clients/run needs for it.
client_packages() {
    case $1 in
    psycopg) printf '%s\n' python3-psycopg python3-psycopg-pool ;;
    django) printf '%s\n' python3-django python3-psycopg2 ;;
    # Node's own packages conflict with Debian's.
    knex) command -v node >/dev/null && command -v npm >/dev/null || printf '%s\n' nodejs npm ;;
    jdbc) printf '%s\n' default-jdk-headless libpostgresql-jdbc-java libhikaricp-java libslf4j-java ;;
    esac
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Waits for a machine's own updates (which run at its first boot) instead of failing beside them.
apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

update_package_lists() { quietly apt-update "Updating Debian's package lists" apt_get update; }

# require_packages PACKAGE...: installs those that are missing.
require_packages() {
    local package missing=()
    for package; do
        is_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        warn "these Debian packages are needed: ${missing[*]}"
        return 1
    fi
    update_package_lists && quietly apt-install "Installing ${missing[*]}" \
        install_without_server "${missing[@]}"
}

# Debian makes and starts a server with a newly installed PostgreSQL. Nobody asked us for one.
install_without_server() {
    local switch=/etc/postgresql-common/createcluster.d/tenancy-no-server.conf status=0
    if [[ " $*" == *" postgresql-"* ]]; then
        at_exit "[ ! -e $switch ] || as_root rm $switch"
        as_root mkdir -p "${switch%/*}"
        echo 'create_main_cluster = false' | as_root tee "$switch"
    fi
    apt_get install --no-install-recommends "$@" || status=$?
    # Gone again, so that what the user installs later behaves as ever.
    as_root rm -f "$switch"
    return "$status"
}

# require_package_index: makes sure that apt keeps the index of Debian's packages on the machine.
require_package_index() {
    package_index >/dev/null || update_package_lists || return
    package_index >/dev/null || { warn "apt keeps no package index here" && return 1; }
}

# package_index: prints the name of the largest of apt's indexes of packages: the release itself,
# not its updates. Read it with `/usr/lib/apt/apt-helper cat-file`, because it may be compressed.
package_index() {
    # shellcheck disable=SC2016 # apt expands it
    apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 'Component: main' \
        "Architecture: $(dpkg --print-architecture)" |
        { xargs -r -d '\n' ls -S 2>/dev/null || true; } | head -n 1 | grep .
}

# ---- a private PostgreSQL ------------------------------------------------------------------

# Servers refuse to run as root; Debian's packages bring a user for them.
as_server_user() {
    if [ "$(id -u)" -eq 0 ]; then
        # From /, because the user may not be allowed into the caller's folder.
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Sets `private_home`, the folder of the private PostgreSQL and its servers: build/private, or a
# folder in /tmp where the servers' user cannot reach that (a clone below /root). The file
# build/private-home remembers which, for the next script.
locate_private_home() {
    [ -z "${private_home:-}" ] || return 0
    local remembered
    private_home=$build/private
    mkdir -p "$private_home"
    ! as_server_user test -x "$private_home" || return 0
    remembered=$(cat "$build/private-home" 2>/dev/null || true)
    # -O: what somebody else put at that name in /tmp is not ours.
    if [ -n "$remembered" ] && [ -d "$remembered" ] && [ -O "$remembered" ]; then
        private_home=$remembered
    else
        private_home=$(mktemp -d /tmp/tenancy-XXXXXX)
        chmod 755 "$private_home"
        mkdir "$private_home/servers"
        echo "$private_home" >"$build/private-home"
        note "User postgres cannot enter $build: servers live in $private_home instead."
    fi
}

# Nothing of ours stays in /tmp once no server needs it.
tidy_private_home() {
    if [[ ${private_home:-} == /tmp/tenancy-* ]] &&
        rmdir "$private_home/servers" 2>/dev/null; then
        rm -rf "$private_home" "$build/private-home"
    fi
}

# private_postgres: installs PostgreSQL $TENANCY_PG_MAJOR if need be and sets PG_CONFIG and PATH to
# a private copy of it.
#
# Why a copy: before 18 a server looks for extensions only in the folders of its installation, and
# those belong to the user's servers. PostgreSQL finds its folders from where its program lies, so
# a copy with Debian's layout is complete; the programs are copied, because symbolic links to them
# are followed home, and the rest is links. `make install` then needs no root either.
private_postgres() {
    local version tree bin
    locate_private_home
    tree=$(private_tree)
    # Another kind was built (scripts/source.sh), not copied.
    if [ -z "${TENANCY_PG_KIND:-}" ]; then
        # shellcheck disable=SC2046 # a word is a package
        require_packages $(extension_packages) || return
        version=$(dpkg-query -W -f '${Version}' "postgresql-$TENANCY_PG_MAJOR")
        if [ "$(cat "$tree/version" 2>/dev/null)" != "$version" ]; then
            copy_postgres "$tree" && echo "$version" >"$tree/version" || return
        fi
    fi
    bin=$tree/usr/lib/postgresql/$TENANCY_PG_MAJOR/bin
    PG_CONFIG=$bin/pg_config
    # Debian's own psql chooses among the machine's servers; the copy's does what PGHOST says.
    [[ :$PATH: == *":$bin:"* ]] || PATH=$bin:$PATH
    export PG_CONFIG PATH
}

private_tree() { echo "$private_home/postgresql-$TENANCY_PG_MAJOR${TENANCY_PG_KIND:-}"; }

# copy_postgres FOLDER: the installed PostgreSQL, below a folder that stands for the root.
copy_postgres() {
    local lib=/usr/lib/postgresql/$TENANCY_PG_MAJOR share=/usr/share/postgresql/$TENANCY_PG_MAJOR
    rm -rf "$1" &&
        mkdir -p "$1$lib" "$1${share%/*}" "$1/usr/include" &&
        cp -r "$lib/bin" "$1$lib/bin" &&
        cp -rs "$lib/lib" "$1$lib/lib" &&
        cp -rs "$share" "$1$share" &&
        ln -s /usr/include/postgresql "$1/usr/include/postgresql" &&
        # A tenancy that the user has installed is another one.
        find "$1" -name 'tenancy*' -delete
}

# install_extension: builds the extension and installs it into the private PostgreSQL.
install_extension() {
    local built_for=$build/extension-built-for compiler=g++ wanted
    private_postgres || return
    [ "${CI:-}" != true ] || compiler+=' -Werror'
    # A server that checks itself gets a library that does: undefined behaviour ends the process.
    [ -z "${TENANCY_PG_KIND:-}" ] ||
        compiler+=' -fsanitize=undefined -fsanitize-undefined-trap-on-error -Wno-clobbered'
    # Objects for another server are not known to make as out of date.
    wanted="$("$PG_CONFIG" --version), $compiler"
    if [ "$(cat "$built_for" 2>/dev/null)" != "$wanted" ]; then
        make -s -C "$root" PG_CONFIG="$PG_CONFIG" clean >"$log_dir/make-clean.log" 2>&1
        echo "$wanted" >"$built_for"
    fi
    quietly make "Building the extension for $("$PG_CONFIG" --version)" \
        make -C "$root" -j"$(nproc)" PG_CONFIG="$PG_CONFIG" CXX="$compiler" &&
        quietly make-install "Installing it into a private PostgreSQL" \
            make -C "$root" PG_CONFIG="$PG_CONFIG" install
}

# build_daemon [TARGET]: builds tenancyd, or another target of CMake's; sets TENANCYD.
build_daemon() {
    local target=${1:-tenancyd} warnings=OFF tests=OFF
    # shellcheck disable=SC2046 # a word is a package
    require_packages $(daemon_packages) || return
    [ "${CI:-}" != true ] || warnings=ON
    # Configured the same for each target, so that none makes another out of date.
    ! is_installed libgtest-dev || tests=ON
    export TENANCYD=$build/cmake/tenancyd
    quietly cmake "Configuring the daemon" cmake -S "$root" -B "$build/cmake" \
        -D TENANCY_WERROR="$warnings" -D TENANCY_TESTS="$tests" &&
        quietly cmake-build "Building $target" \
            cmake --build "$build/cmake" --target "$target" -j "$(nproc)"
}

# ---- private servers -----------------------------------------------------------------------

servers_of_this_script=()

# start_server NAME [LINE...]: a new, empty, preloaded server with tests/tenancy.conf and the given
# lines after it (`start_server bare "shared_preload_libraries = ''"`). It is stopped and deleted
# when the script ends. Exports PGHOST, PGPORT, PGUSER, PGDATABASE and TENANCY_SERVER. Not to be
# called in a subshell, which has no end to clean up at.
start_server() {
    local name=$1 dir
    shift
    private_postgres || return
    stop_server "$name" || return # left behind by a script that was killed
    dir=$private_home/servers/$name
    mkdir -p "$dir"
    servers_of_this_script+=("$name")
    # The socket trusts whoever reaches it, so only the servers' user and root may.
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir"
    chmod 700 "$dir"
    make_socket_folder "$dir"
    quietly "initdb-$name" "Starting a private server" start_new_server "$dir" "$@" || {
        collect_server_log "$name"
        tail -n 20 "$log_dir/server-$name.log" 2>/dev/null | sed 's/^/    /'
        return 1
    }
    use_server "$name"
}

start_new_server() {
    local dir=$1
    shift
    as_server_user "$(server_program initdb)" -D "$dir/data" -U postgres --auth=trust --no-sync \
        --encoding=UTF8 --locale=C || return
    {
        cat "$root/tests/tenancy.conf"
        printf "unix_socket_directories = '%s'\nport = %s\n" \
            "$(cat "$dir/socket-folder")" "$private_port"
        printf '%s\n' "$@"
    } >>"$dir/data/postgresql.conf"
    # A wrapper runs the server under another program, such as valgrind.
    control_server "${dir##*/}" -l "$dir/server.log" -t 120 \
        ${TENANCY_SERVER_WRAPPER:+-p "$TENANCY_SERVER_WRAPPER"} start
}

# start_standby NAME: a standby of the present server, which stays the present one.
start_standby() {
    local dir=$private_home/servers/$1
    stop_server "$1" || return
    mkdir -p "$dir"
    servers_of_this_script+=("$1")
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir"
    chmod 700 "$dir"
    make_socket_folder "$dir"
    as_server_user "$(server_program pg_basebackup)" -h "$PGHOST" -p "$PGPORT" -U postgres -c fast -D "$dir/data" || return
    printf "%s = '%s'\n" unix_socket_directories "$(cat "$dir/socket-folder")" \
        primary_conninfo "host=$PGHOST port=$PGPORT user=postgres" |
        as_server_user tee -a "$dir/data/postgresql.conf" >/dev/null
    as_server_user touch "$dir/data/standby.signal"
    control_server "$1" -l "$dir/server.log" -t 120 start
}

server_program() {
    echo "$(private_tree)/usr/lib/postgresql/$TENANCY_PG_MAJOR/bin/$1"
}

# control_server NAME ARGUMENT...: pg_ctl, waiting (`control_server demo -m immediate restart`).
control_server() {
    local data=$private_home/servers/$1/data
    shift
    as_server_user "$(server_program pg_ctl)" -w -D "$data" "$@"
}

# The path of a socket may have 107 bytes, and a list of folders is what the setting wants.
make_socket_folder() {
    local folder=$1
    if [ "${#folder}" -gt 80 ] || [[ $folder == *[!A-Za-z0-9_./-]* ]]; then
        folder=$(as_server_user mktemp -d /tmp/tenancy-socket-XXXXXX)
    fi
    echo "$folder" >"$1/socket-folder"
}

# use_server NAME: points psql and everything else of libpq's at a running private server.
use_server() {
    server_is_running "$1" || { warn "the private server $1 is not running" && return 1; }
    private_postgres || return
    PGHOST=$(cat "$private_home/servers/$1/socket-folder")
    PGPORT=$private_port PGUSER=postgres PGDATABASE=postgres TENANCY_SERVER=$1
    export PGHOST PGPORT PGUSER PGDATABASE TENANCY_SERVER
}

# ensure_server NAME [LINE...]: for a test runner that scripts/check may have given a server already.
ensure_server() {
    if [ -z "${TENANCY_SERVER:-}" ]; then
        install_extension && start_server "$@"
    else
        private_postgres
    fi
}

server_is_running() {
    # Where no private PostgreSQL is, nothing was ever started.
    [ -d "$build/private" ] || return 1
    locate_private_home
    [ -s "$private_home/servers/$1/data/postmaster.pid" ] &&
        control_server "$1" status >/dev/null
}

# keep_server NAME: leaves it running when the script ends; stop_server ends it some day.
keep_server() {
    local name kept=()
    for name in "${servers_of_this_script[@]}"; do
        [ "$name" = "$1" ] || kept+=("$name")
    done
    servers_of_this_script=("${kept[@]}")
}

# stop_server NAME: stops and deletes it; its log stays in build/log. No server is no error.
stop_server() {
    local name=$1 dir socket mode
    for mode in fast immediate; do
        ! server_is_running "$name" ||
            control_server "$name" -t 60 -m "$mode" stop >/dev/null || true
    done
    ! server_is_running "$name" || { warn "the server $name does not stop" && return 1; }
    keep_server "$name" # no longer one to stop
    dir=${private_home:-$build/private}/servers/$name
    [ -d "$dir" ] || return 0
    collect_server_log "$name"
    socket=$(cat "$dir/socket-folder" 2>/dev/null || true)
    [[ $socket != /tmp/tenancy-socket-* ]] || rm -rf "$socket"
    rm -rf "$dir"
    [ "${TENANCY_SERVER:-}" != "$name" ] || unset PGHOST PGPORT PGUSER PGDATABASE TENANCY_SERVER
}

collect_server_log() {
    cp "$private_home/servers/$1/server.log" "$log_dir/server-$1.log" 2>/dev/null || true
}

stop_own_servers() {
    local name
    for name in "${servers_of_this_script[@]}"; do
        stop_server "$name"
    done
}

# ---- counts of tests -----------------------------------------------------------------------

passed=0 failed=0 skipped=0

add_counts() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
}

# print_counts: the line that ends every test runner, "N passed, N failed[, N skipped]". Its status
# is the runner's; having run no test at all is a failure too.
print_counts() {
    local line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
    note "$line"
    [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
}

# counts_of_runner LOG: prints "passed failed skipped" of a runner's closing line, nothing without. The shell may tell
# after it of background jobs that were killed.
counts_of_runner() {
    sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$1" | tail -n 1
}

# counts_of_regress LOG: the same for pg_regress, which has a new format since PostgreSQL 16.
counts_of_regress() {
    awk '/^ok [0-9]+ +[-+] / || / \.\.\. ok( |$)/ { passed++ }
         /^not ok [0-9]+ +[-+] / || / \.\.\. FAILED/ { failed++ }
         END { print passed + 0, failed + 0 }' "$1"
}

# counts_of_ctest LOG
counts_of_ctest() {
    sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)$/\1 \2/p' "$1" |
        awk '{ print $2 - $1, $1 }'
}
