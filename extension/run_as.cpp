// Statements that run as another role, with no way back for the code that they call.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include "context.hpp"

namespace
{

// The first row's columns, in the memory that was current before SPI.
Datum first_row(MemoryContext memory)
{
    const int columns = SPI_tuptable != nullptr ? SPI_tuptable->tupdesc->natts : 0;
    const bool found = columns > 0 && SPI_processed > 0;
    MemoryContext previous = MemoryContextSwitchTo(memory);
    auto *values = static_cast<Datum *>(palloc0(sizeof(Datum) * (columns + 1)));
    auto *nulls = static_cast<bool *>(palloc0(sizeof(bool) * (columns + 1)));
    for (int i = 0; found && i < columns; i++)
    {
        const char *value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1);
        nulls[i] = value == nullptr;
        values[i] = nulls[i] ? Datum{0} : CStringGetTextDatum(value);
    }
    int size = found ? columns : 0, from = 1;
    const Datum row = PointerGetDatum(construct_md_array(values, nulls, size > 0 ? 1 : 0, &size,
                                                         &from, TEXTOID, -1, false, TYPALIGN_INT));
    MemoryContextSwitchTo(previous);
    return row;
}

} // namespace

// SET ROLE would not do: whatever the statement calls (triggers, constraints, functions in indexes)
// could RESET it, and run as the caller. The restriction keeps it from leaving something behind that
// runs later as the caller: deferred triggers, held cursors, prepared statements, temporary tables; and
// what it has set is undone.
TENANCY_FUNCTION(tenancy_run_as)
{
    const Oid role = get_role_oid(NameStr(*PG_GETARG_NAME(0)), false);
    const char *statement = text_to_cstring(PG_GETARG_TEXT_PP(1));
    Oid user;
    int security_context;
    GetUserIdAndSecContext(&user, &security_context);
    const bool is_other = role != user;
    if (is_other && !tenancy::pg::may_become(user, role))
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("permission denied to set role \"%s\"", NameStr(*PG_GETARG_NAME(0)))));
    const int setting_level = is_other ? NewGUCNestLevel() : 0;
    // As the server does where it checks foreign keys by itself. Such queries pass the wall, so there is
    // no such thing while a tenant is set.
    const int all_rows =
        PG_GETARG_BOOL(2) && has_bypassrls_privilege(user) && !tenancy::context::is_set()
            ? SECURITY_NOFORCE_RLS
            : 0;
    if (is_other)
        SetUserIdAndSecContext(role, security_context | SECURITY_LOCAL_USERID_CHANGE |
                                         SECURITY_RESTRICTED_OPERATION | all_rows);
    MemoryContext memory = CurrentMemoryContext;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to the SQL interface");
    const int result = SPI_execute(statement, false, 0);
    if (result < 0)
        elog(ERROR, "could not run \"%s\": %s", statement, SPI_result_code_string(result));
    const Datum row = first_row(memory);
    SPI_finish();
    if (is_other)
    {
        AtEOXact_GUC(false, setting_level);
        SetUserIdAndSecContext(user, security_context);
    }
    PG_RETURN_DATUM(row);
}

// What a table's owner has called by ANALYZE or by building an index runs as the owner, in the session of
// whoever started it: who calls there cannot be told.
TENANCY_FUNCTION(tenancy_require_unrestricted)
{
    if (InSecurityRestrictedOperation())
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("cannot change an adoption within a security-restricted operation")));
    PG_RETURN_VOID();
}
