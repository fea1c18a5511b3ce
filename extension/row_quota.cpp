// Reserving rows, and giving back.
// SPDX-License-Identifier: PostgreSQL
#include "row_quota.hpp"

#include "alerts.hpp"
#include "answers.hpp"
#include "guc.hpp"

namespace tenancy::row_quota
{

constinit quota::Slot *unchecked = nullptr;

namespace
{

// Lives in the transaction's memory. Charges stand newest first, so levels never rise along the list.
struct Charge
{
    Charge *next;  // of all
    Charge *older; // of the same account
    quota::Slot *account;
    int level;
    int64 changed;     // rows more or less
    core::Share share; // of them reserved and given up
    core::WindowStarts when;
    bool is_pinned;
};

struct Forgotten
{
    Forgotten *next;
    int level;
    NameData metric;
};

constinit Charge *charges = nullptr;
constinit Forgotten *forgotten = nullptr;
constinit bool written = false; // the counts of this transaction are in the tables

Charge *newest(const quota::Slot *account)
{
    return static_cast<Charge *>(account->charges);
}

Charge *charge_of(quota::Slot *account)
{
    const int level = GetCurrentTransactionNestLevel();
    Charge *charge = newest(account);
    if (likely(charge != nullptr && charge->level == level))
        return charge;
    charge = static_cast<Charge *>(MemoryContextAllocZero(TopTransactionContext, sizeof(Charge)));
    charge->next = charges;
    charge->older = newest(account);
    charge->account = account;
    charge->level = level;
    charges = charge;
    account->charges = charge;
    return charge;
}

int64 uncharged(const quota::Slot *account)
{
    int64 sum = 0;
    for (const Charge *charge = newest(account); charge != nullptr; charge = charge->older)
        sum += charge->changed - charge->share.amount + charge->share.released;
    return sum;
}

int64 own_in_flight(const quota::Slot *account)
{
    int64 sum = 0;
    for (const Charge *charge = newest(account); charge != nullptr; charge = charge->older)
        sum += charge->share.amount;
    return sum;
}

void ask(quota::Slot *account, quota::Act act, int64 rows, bool pin, quota::Outcome *outcome)
{
    const int64 own = act == quota::Act::release ? own_in_flight(account) : 0;
    quota::request(account,
                   {act, pin, rows, guc::clock_time(), {own, account->releasing, 0}, add_pending},
                   outcome);
}

void charge(quota::Slot *account, int64 rows)
{
    // Memory comes first: after a reservation nothing may fail before it is noted.
    Charge *mine = charge_of(account);
    quota::Outcome outcome;
    ask(account, rows > 0 ? quota::Act::consume : quota::Act::release, Max(rows, -rows),
        !mine->is_pinned, &outcome);
    const bool admitted = outcome.decision.verdict == core::Verdict::admitted;
    if (!admitted && rows > 0)
        answers::refuse(account, outcome, rows);
    if (!admitted)
    {
        // More than is known to be there, as after a recount: nothing is given back, nothing refused.
        mine->changed -= rows;
        return;
    }
    mine->is_pinned = true;
    mine->when = outcome.when;
    if (rows > 0)
        mine->share.amount += rows;
    else
    {
        mine->share.released -= rows;
        account->releasing -= rows;
    }
    alerts::note(account, outcome);
}

void let_go(Charge *charge, core::End end)
{
    charge->account->releasing -= charge->share.released;
    if (charge->is_pinned)
        quota::settle(charge->account, charge->when, charge->share, end);
    charge->account->charges = charge->older;
}

pg_noinline void settle_all(bool committed)
{
    for (Charge *charge = charges; charge != nullptr; charge = charge->next)
    {
        let_go(charge, committed ? core::End::committed : core::End::aborted);
        charge->account->releasing = 0;
    }
    charges = nullptr;
    for (; unchecked != nullptr; unchecked = unchecked->next_unchecked)
        unchecked->is_unchecked = false;
    for (const Forgotten *entry = forgotten; committed && entry != nullptr; entry = entry->next)
        quota::forget_metric(NameStr(entry->metric));
    forgotten = nullptr;
}

} // namespace

quota::Slot *account_of(const char *tenant, const char *metric)
{
    const size_t length = strlen(tenant);
    if (length == 0 || length >= registry::kNameSize)
        return nullptr;
    char key[registry::kNameSize];
    core::fold_tenant_id({tenant, length}, key);
    const registry::Tenant *owner = registry::lookup(key);
    // The column holds an id as it is registered, or in the one form of a uuid or number.
    if (!owner->exists || (strcmp(tenant, owner->id) != 0 && strcmp(tenant, key) != 0))
        return nullptr;
    return quota::slot_of(owner, cstring_to_text(metric));
}

void change(quota::Slot *account, int64 rows)
{
    charge_of(account)->changed += rows;
    if (account->is_unchecked)
        return;
    account->is_unchecked = true;
    account->next_unchecked = unchecked;
    unchecked = account;
}

void check_all()
{
    while (quota::Slot *account = unchecked)
    {
        // A limit that has changed must reach a transaction that takes no more locks.
        AcceptInvalidationMessages();
        if (account->generation != registry::generation())
            (void)quota::slot_of(registry::lookup(account->key.tenant),
                                 cstring_to_text(account->key.metric));
        if (const int64 rows = uncharged(account))
            charge(account, rows);
        // Not before: what was refused is asked for again if the transaction goes on with it.
        unchecked = account->next_unchecked;
        account->is_unchecked = false;
    }
}

void add_pending(const quota::Slot *account, core::State *state)
{
    for (const Charge *charge = newest(account); charge != nullptr; charge = charge->older)
    {
        state->in_flight += charge->share.amount;
        if (!written)
            state->windows.used[core::kTotal] += charge->share.amount - charge->share.released;
    }
}

void forget_at_commit(const char *metric)
{
    auto *entry =
        static_cast<Forgotten *>(MemoryContextAlloc(TopTransactionContext, sizeof(Forgotten)));
    entry->next = forgotten;
    entry->level = GetCurrentTransactionNestLevel();
    namestrcpy(&entry->metric, metric);
    forgotten = entry;
}

bool is_anything_pending()
{
    return charges != nullptr || forgotten != nullptr;
}

void before_end(bool prepare)
{
    check();
    if (prepare && (charges != nullptr || forgotten != nullptr))
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("cannot PREPARE a transaction that has changed rows of a limited table"),
                 errhint("Commit it in one phase.")));
    written = true;
}

void settle(bool committed)
{
    written = false; // set as well where nothing of ours was
    if (unlikely(is_anything_pending() || unchecked != nullptr))
        settle_all(committed);
}

void settle_savepoint(int level, bool committed)
{
    while (!committed && charges != nullptr && charges->level >= level)
    {
        let_go(charges, core::End::aborted);
        charges = charges->next;
    }
    while (!committed && forgotten != nullptr && forgotten->level >= level)
        forgotten = forgotten->next;
    for (Forgotten *entry = forgotten; entry != nullptr && entry->level == level;
         entry = entry->next)
        entry->level = level - 1;
    // Released: the outer level's now.
    Charge **link = &charges;
    while (*link != nullptr && (*link)->level == level)
    {
        Charge *charge = *link;
        Charge *older = charge->older;
        charge->level = level - 1;
        if (older == nullptr || older->level != level - 1)
        {
            link = &charge->next;
            continue;
        }
        older->changed += charge->changed;
        older->share.amount += charge->share.amount;
        older->share.released += charge->share.released;
        // Of two pins one is enough, and a window of rows is always the same.
        if (charge->is_pinned && older->is_pinned)
            quota::unpin(charge->account);
        else if (charge->is_pinned)
            older->when = charge->when;
        older->is_pinned |= charge->is_pinned;
        charge->account->charges = older;
        *link = charge->next;
    }
}

} // namespace tenancy::row_quota

TENANCY_FUNCTION(tenancy_forget_metric_at_commit)
{
    tenancy::row_quota::forget_at_commit(NameStr(*PG_GETARG_NAME(0)));
    PG_RETURN_VOID();
}
