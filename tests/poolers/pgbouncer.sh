# shellcheck shell=bash
# PgBouncer as Debian releases have it, run from a folder: nothing is installed, no service starts. Sourced after scripts/lib.sh.
# SPDX-License-Identifier: PostgreSQL

# fetch_pooler RELEASE: the program with the libraries it needs, in build/pgbouncer/RELEASE.
fetch_pooler() {
    local dir=$build/pgbouncer/$1
    [ -x "$dir/pgbouncer" ] || quietly "pgbouncer-$1" "Unpacking PgBouncer of Debian $1" unpack_pooler "$1" "$dir"
}

# Only unpacked, so it needs no chroot; the release's loader and libraries make it independent of the machine's.
unpack_pooler() {
    local tree=$2.root path=() loader library
    # Elsewhere it is skipped, where as_root would end everything.
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || return
    as_root rm -rf --one-file-system "$tree" "$2"
    mkdir -p "${2%/*}"
    as_root mmdebstrap --variant=extract --format=directory --include=pgbouncer \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' "$1" "$tree" || return
    loader=$(find "$tree/lib/" "$tree/usr/lib" "$tree/lib64/" -name 'ld-linux*.so*' -print -quit 2>/dev/null)
    path=("$tree"/usr/lib/*-linux-gnu "$tree"/lib/*-linux-gnu)
    mkdir -p "$2.new" || return
    cp "$loader" "$2.new/loader"
    "$loader" --library-path "$(IFS=:; echo "${path[*]}")" --list "$tree/usr/sbin/pgbouncer" |
        sed -n 's/.* => \(.*\) (0x.*/\1/p' | while IFS= read -r library; do cp -L "$library" "$2.new"; done
    cp "$tree/usr/sbin/pgbouncer" "$2.new" && mv "$2.new" "$2" && as_root rm -rf --one-file-system "$tree"
}

# install_pooler RELEASE: to where the servers' user can read it.
install_pooler() {
    fetch_pooler "$1" || return
    locate_private_home
    pooler_home=$private_home/pgbouncer
    mkdir -p "$pooler_home"
    rm -rf "${pooler_home:?}/$1"
    cp -r "$build/pgbouncer/$1" "$pooler_home/$1"
    at_exit "stop_pooler; rm -rf '$pooler_home'"
}

pooler() {
    local release=$1
    shift
    # Each client takes a file descriptor.
    # shellcheck disable=SC2016 # the inner shell expands $0 and $@
    as_server_user sh -c 'ulimit -n "$(ulimit -Hn)" && exec "$0/loader" --library-path "$0" "$0/pgbouncer" "$@"' \
        "$pooler_home/$release" "$@"
}

pooler_version() { pooler "$1" --version | sed -n 's/^PgBouncer \([0-9.]*\).*/\1/p'; }

pooler_port=54330

# start_pooler RELEASE POOL_SIZE CONFIGURATION [LINE...]: in front of the present server, on its socket's folder. The
# configuration is a file of the documentation's; lines are what a test has besides.
start_pooler() {
    local release=$1 size=$2 configuration=$3 dir=$pooler_home/run
    shift 3
    stop_pooler
    rm -rf "$dir"
    mkdir -p "$dir"
    printf '"%s" ""\n' "$app_role" postgres >"$dir/users"
    {
        cat "$configuration"
        printf '%s\n' "listen_addr =" "listen_port = $pooler_port" "unix_socket_dir = $PGHOST" \
            "auth_type = trust" "auth_file = $dir/users" "admin_users = postgres" "logfile = $dir/log" \
            "max_client_conn = 20000" "default_pool_size = $size" "log_connections = 0" "log_disconnections = 0" "$@" \
            "[databases]" "* = host=$PGHOST port=$PGPORT"
    } >"$dir/pgbouncer.ini"
    [ "$(id -u)" -ne 0 ] || chown -R postgres: "$dir"
    start_job pooler "$release" -q "$dir/pgbouncer.ini"
    pooler_job=$job
    for _ in $(seq 100); do
        ! psql -XAtq -p $pooler_port -d pgbouncer -c 'SHOW VERSION' >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    tail -n 20 "$dir/log"
    fail "PgBouncer does not start"
}

stop_pooler() {
    [ -n "${pooler_job:-}" ] || return 0
    # SIGTERM means other things to other versions.
    psql -XAtq -p $pooler_port -d pgbouncer -c SHUTDOWN >/dev/null 2>&1 || true
    end_job "$pooler_job"
    cp "$pooler_home/run/log" "$log_dir/pgbouncer.log" 2>/dev/null || true
    pooler_job=
}
