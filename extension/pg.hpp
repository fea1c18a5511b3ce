// Every PostgreSQL header, included once, and every seam between server versions.
// SPDX-License-Identifier: PostgreSQL
#pragma once

extern "C" {
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_inherits.h"
#include "commands/copy.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "common/jsonapi.h"
#include "common/pg_prng.h"
#include "executor/executor.h"
#include "executor/functions.h"
#include "executor/instrument.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "rewrite/rowsecurity.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/pgstat_internal.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

#if PG_VERSION_NUM < 150000
#error "tenancy needs PostgreSQL 15 or newer"
#endif

// Declares and opens an SQL-callable function. Before 16 PG_FUNCTION_INFO_V1 exports only the
// info record, so the function itself has to be declared exported first.
#define TENANCY_FUNCTION(name)                                                                     \
    extern "C" {                                                                                   \
    extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                               \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    }                                                                                              \
    extern "C" Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

namespace tenancy::pg
{

// A setting's "extra" is freed by the server: with free() up to 15, with guc_free() from 16 on.
inline void *guc_extra_alloc(size_t size)
{
#if PG_VERSION_NUM >= 160000
    return guc_malloc(LOG, size);
#else
    return malloc(size);
#endif
}

// A function of 18 and later that reads a sequence.
inline bool is_sequence_data(Oid function)
{
#if PG_VERSION_NUM >= 180000
    return function == F_PG_GET_SEQUENCE_DATA;
#else
    return false;
#endif
}

inline IndexScanDesc index_scan_begin(Relation heap, Relation index, Snapshot snapshot, int keys)
{
#if PG_VERSION_NUM >= 180000
    return index_beginscan(heap, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(heap, index, snapshot, keys, 0);
#endif
}

// The sequence behind an identity column.
inline Oid identity_sequence(Relation relation, AttrNumber column)
{
#if PG_VERSION_NUM >= 170000
    return getIdentitySequence(relation, column, false);
#else
    return getIdentitySequence(RelationGetRelid(relation), column, false);
#endif
}

// The record of a setting; nullptr if there is none.
inline config_generic *find_setting(const char *name)
{
#if PG_VERSION_NUM >= 160000
    return find_option(name, false, true, 0);
#else
    for (int i = 0; i < GetNumConfigOptions(); i++)
        if (pg_strcasecmp(get_guc_variables()[i]->name, name) == 0)
            return get_guc_variables()[i];
    return nullptr;
#endif
}

inline int64 microseconds_since(const instr_time &started)
{
    instr_time now;
    INSTR_TIME_SET_CURRENT(now);
#if PG_VERSION_NUM >= 160000
    INSTR_TIME_SUBTRACT(now, started);
    return INSTR_TIME_GET_MICROSEC(now);
#else
    // The server's own macros normalise and divide step by step.
    return (now.tv_sec - started.tv_sec) * 1000000 + (now.tv_nsec - started.tv_nsec) / 1000;
#endif
}

// A number of this process, below the most processes there can be.
inline int own_process_number()
{
#if PG_VERSION_NUM >= 170000
    return MyProcNumber;
#else
    return MyProc->pgprocno;
#endif
}

// As whom a query reaches a relation of its range table; InvalidOid means the current user.
inline Oid check_as_user(const Query *query, const RangeTblEntry *entry)
{
#if PG_VERSION_NUM >= 160000
    if (entry->perminfoindex == 0)
        return InvalidOid;
    return getRTEPermissionInfo(query->rteperminfos, const_cast<RangeTblEntry *>(entry))
        ->checkAsUser;
#else
    return entry->checkAsUser;
#endif
}

// May the current user insert into these columns of the parse state's only relation?
inline void check_insert_permission(ParseState *parse, ParseNamespaceItem *item, Bitmapset *columns)
{
#if PG_VERSION_NUM >= 160000
    item->p_perminfo->requiredPerms = ACL_INSERT;
    item->p_perminfo->insertedCols = columns;
    (void)ExecCheckPermissions(parse->p_rtable, list_make1(item->p_perminfo), true);
#else
    item->p_rte->requiredPerms = ACL_INSERT;
    item->p_rte->insertedCols = columns;
    (void)ExecCheckRTPerms(parse->p_rtable, true);
#endif
}

// May a role SET ROLE to another? From 16 on membership alone is not enough.
inline bool may_become(Oid member, Oid role)
{
#if PG_VERSION_NUM >= 160000
    return member_can_set_role(member, role);
#else
    return is_member_of_role(member, role);
#endif
}

// The JSON parser's callbacks return nothing before 16.
#if PG_VERSION_NUM >= 160000
using JsonResult = JsonParseErrorType;
#define TENANCY_JSON_SUCCESS JSON_SUCCESS
#else
using JsonResult = void;
#define TENANCY_JSON_SUCCESS
#endif

inline JsonLexContext *json_lexer(char *text, int size)
{
#if PG_VERSION_NUM >= 170000
    return makeJsonLexContextCstringLen(nullptr, text, size, PG_UTF8, true);
#else
    return makeJsonLexContextCstringLen(text, size, PG_UTF8, true);
#endif
}

// What this process has counted of a table or an index.
inline int64 tuples_returned(const PgStat_TableStatus *statistics)
{
#if PG_VERSION_NUM >= 160000
    return statistics->counts.tuples_returned;
#else
    return statistics->t_counts.t_tuples_returned;
#endif
}

inline int64 tuples_fetched(const PgStat_TableStatus *statistics)
{
#if PG_VERSION_NUM >= 160000
    return statistics->counts.tuples_fetched;
#else
    return statistics->t_counts.t_tuples_fetched;
#endif
}

// Before 16 tree walkers are declared as bool (*)() and called with two arguments.
#if PG_VERSION_NUM >= 160000
using TreeWalker = bool (*)(Node *, void *);
using PlanWalker = bool (*)(PlanState *, void *);
inline PlanWalker plan_walker(PlanWalker function)
{
    return function;
}
inline TreeWalker walker(bool (*function)(Node *, void *))
{
    return function;
}
#else
using TreeWalker = bool (*)();
inline TreeWalker plan_walker(bool (*function)(PlanState *, void *))
{
    return reinterpret_cast<TreeWalker>(reinterpret_cast<void (*)()>(function));
}
inline TreeWalker walker(bool (*function)(Node *, void *))
{
    return reinterpret_cast<TreeWalker>(reinterpret_cast<void (*)()>(function));
}
#endif

// Holds one LWLock for a scope of plain memory work: no palloc, no ereport, nothing that may error,
// because an error would jump over the destructor.
class LockGuard
{
public:
    LockGuard(LWLock *lock, LWLockMode mode) : lock_(lock) { LWLockAcquire(lock_, mode); }
    ~LockGuard() { LWLockRelease(lock_); }
    LockGuard(const LockGuard &) = delete;
    LockGuard &operator=(const LockGuard &) = delete;

private:
    LWLock *lock_;
};

} // namespace tenancy::pg

#if PG_VERSION_NUM >= 180000
#define TENANCY_EXECUTOR_RUN_PARAMS QueryDesc *query, ScanDirection direction, uint64 count
#define TENANCY_EXECUTOR_RUN_ARGS query, direction, count
#else
#define TENANCY_EXECUTOR_RUN_PARAMS                                                                \
    QueryDesc *query, ScanDirection direction, uint64 count, bool execute_once
#define TENANCY_EXECUTOR_RUN_ARGS query, direction, count, execute_once
#endif

#if PG_VERSION_NUM >= 180000
#define TENANCY_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "tenancy", .version = TENANCY_VERSION)
#else
#define TENANCY_MODULE_MAGIC PG_MODULE_MAGIC
#endif
