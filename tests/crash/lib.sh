# shellcheck shell=bash
# Servers that are killed and started again, and checks that say only what goes wrong. Sourced after scripts/lib.sh.
# SPDX-License-Identifier: PostgreSQL
# shellcheck disable=SC2154 # scripts/lib.sh sets the rest

value() { psql -XAtq -c "$1"; }

# Says only what goes wrong: there are many checks. `at` tells where in the run it stands.
check() {
    local what=$1 expected=$2 actual=$3
    if [ "$actual" = "$expected" ]; then
        add_counts 1 0
    else
        note "FAILED - $at: $what: expected $expected, got $actual"
        add_counts 0 1
    fi
}

at_least() { check "$1: at least $2, is $3" t "$([ "$3" -ge "$2" ] && echo t || echo f)"; }
at_most() { check "$1: at most $2, is $3" t "$([ "$3" -le "$2" ] && echo t || echo f)"; }

# until_true SECONDS WHAT COMMAND...: no loop waits for ever.
until_true() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "$at: waited too long for $what"
        sleep 0.05
    done
}

answers() { [ "$(value 'SELECT 1' 2>/dev/null)" = 1 ]; }

data_of() { echo "$private_home/servers/$1/data"; }

# Starts a server again. While a process of the dead one still ends, the server refuses to.
launch() {
    local log=$private_home/servers/$1/server.log
    until_true 60 "the start of $1" try_to_launch "$1" "$log"
    use_server "$1"
}
try_to_launch() { control_server "$1" -l "$2" -t 60 start >"$work/pg_ctl.log" 2>&1; }

is_gone() { ! kill -0 "$1" 2>/dev/null; }

kill_hard() { as_server_user kill -KILL "$1" 2>/dev/null || true; }

# Its children see it go and end as soon as they next wait for something; some commit before that.
kill_postmaster() {
    local process
    process=$(head -n 1 "$(data_of "$1")/postmaster.pid")
    kill_hard "$process"
    until_true 30 "the end of the server" is_gone "$process"
}
