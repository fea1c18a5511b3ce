#!/usr/bin/env python3
"""Reads a receiver's log: did every event arrive, in order a tenant, signed? judge.py LOG PATH TENANTS EVENTS"""
# SPDX-License-Identifier: PostgreSQL
import collections
import json
import sys

path, tenants, events = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
requests = [json.loads(line) for line in open(sys.argv[1])]
requests = [r for r in requests if r["path"] == path and r["type"] == "test.event"]
wrong = [f"not genuine: {r}" for r in requests if not (r["genuine"] and r["same"])]

came = collections.defaultdict(list)
ids = {}
for r in requests:
    # The same event keeps its id; another one never has it.
    if ids.setdefault(r["id"], (r["tenant"], r["n"])) != (r["tenant"], r["n"]):
        wrong.append(f"an id for two events: {r}")
    # Nothing may be tried before all before it were taken, or were tried and their answer was lost (-1).
    seen = came[r["tenant"]]
    if r["n"] not in seen and r["n"] != len(seen) + 1:
        wrong.append(f"tenant {r['tenant']}: {r['n']} came when {len(seen)} was the last")
    if r["status"] in (200, -1) and r["n"] == len(seen) + 1:
        seen.append(r["n"])
if len(came) != tenants:
    wrong.append(f"{len(came)} tenants, not {tenants}")
wrong += [f"tenant {t}: {len(seen)} of {events} events" for t, seen in came.items() if len(seen) != events]
print(f"{path}: {len(requests)} requests for {tenants * events} events, {sum(r['attempt'] > 1 for r in requests)} of them repeated")
print("\n".join(wrong[:20]))
sys.exit(bool(wrong))
