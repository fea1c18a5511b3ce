// The triggers that count rows, and what else SQL asks of counts.
// SPDX-License-Identifier: PostgreSQL
#include "counted_rows.hpp"

using namespace tenancy;
using namespace tenancy::counted_rows;

namespace
{

// Of any two triggers with these names, one is the table's that track_rows() has made.
constexpr char kRows[] = "tenancy_count_rows";   // rows that come and go; names the tenant column
constexpr char kMoves[] = "tenancy_count_moves"; // from tenant to tenant

// The tenant column stands in the trigger that lists it (UPDATE OF), so that it may be renamed and
// not dropped; where partitions have it at another place, the server has translated that.
AttrNumber tenant_column(const TriggerData *call)
{
    const TriggerDesc *all = call->tg_relation->trigdesc;
    for (int i = 0; i < all->numtriggers; i++)
        if (strcmp(all->triggers[i].tgname, kRows) == 0 && all->triggers[i].tgnattr == 1)
            return all->triggers[i].tgattr[0];
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("rows of table \"%s\" cannot be counted",
                           RelationGetRelationName(call->tg_relation)),
                    errdetail("The trigger that names its tenant column is missing."),
                    errhint("An operator mends it with tenancy.track_rows().")));
}

// Whoever may make triggers on a counted table could count each row twice, or as another tenant's.
[[noreturn]] void report_foreign(const TriggerData *call)
{
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
             errmsg("trigger \"%s\" is not one of tenancy.track_rows()", call->tg_trigger->tgname),
             errhint("Drop it. An operator makes missing triggers with "
                     "tenancy.track_rows().")));
}

const TriggerData *require_trigger(FunctionCallInfo fcinfo)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function must be called by a trigger")));
    const auto *call = reinterpret_cast<const TriggerData *>(fcinfo->context);
    if (!TRIGGER_FIRED_AFTER(call->tg_event) || !TRIGGER_FIRED_FOR_ROW(call->tg_event))
        report_foreign(call);
    return call;
}

} // namespace

TENANCY_FUNCTION(tenancy_count_row)
{
    const TriggerData *call = require_trigger(fcinfo);
    Relation relation = call->tg_relation;
    if (!is_counted(RelationGetRelid(relation)))
        return PointerGetDatum(nullptr);
    const bool is_update = TRIGGER_FIRED_BY_UPDATE(call->tg_event);
    const bool counts_moves = strcmp(call->tg_trigger->tgname, kMoves) == 0;
    if (counts_moves ? !is_update : strcmp(call->tg_trigger->tgname, kRows) != 0)
        report_foreign(call);
    const AttrNumber column = tenant_column(call);
    if (TRIGGER_FIRED_BY_INSERT(call->tg_event))
        count_row(relation, column, call->tg_trigslot, 1);
    else if (TRIGGER_FIRED_BY_DELETE(call->tg_event))
        count_row(relation, column, call->tg_trigslot, -1);
    else if (counts_moves)
    {
        // The other trigger, which lists the column, does not see what a trigger before it changed.
        count_row(relation, column, call->tg_trigslot, -1);
        count_row(relation, column, call->tg_newslot, 1);
    }
    return PointerGetDatum(nullptr);
}

TENANCY_FUNCTION(tenancy_forget_row_changes)
{
    take_back(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

namespace
{

void put_pending(void *argument, Oid relation, const char *tenant, int64 rows)
{
    auto *result = static_cast<ReturnSetInfo *>(argument);
    Datum values[] = {ObjectIdGetDatum(relation), CStringGetTextDatum(tenant), Int64GetDatum(rows)};
    bool nulls[] = {false, false, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

} // namespace

TENANCY_FUNCTION(tenancy_pending_row_changes)
{
    InitMaterializedSRF(fcinfo, 0);
    visit_pending(put_pending, fcinfo->resultinfo);
    return Datum{0};
}
