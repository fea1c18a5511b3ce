// What a client of the load does, at random, and how it judges the answers.
// SPDX-License-Identifier: PostgreSQL
#include "client.hpp"

namespace load
{

namespace
{

constexpr const char *kStatement = "read_seeded";
constexpr const char *kReadSeeded = "SELECT marker FROM notes WHERE client = $1";

} // namespace

// ---- what it does --------------------------------------------------------------------------

void Client::choose(int tenant, bool local)
{
    switch (draw(3))
    {
    case 0:
        steps_.push_back({.sql = std::string(local ? "SET LOCAL" : "SET") +
                                 " tenancy.tenant_id = '" + id(tenant) + "'"});
        break;
    case 1:
        steps_.push_back(
            {.sql = local ? "SELECT tenancy.set_tenant($1, true)" : "SELECT tenancy.set_tenant($1)",
             .parameters = {id(tenant)},
             .protocol = Step::Protocol::parameters});
        break;
    default:
        steps_.push_back({.sql = local ? "SELECT set_config('tenancy.tenant_id', $1, true)"
                                       : "SELECT set_config('tenancy.tenant_id', $1, false)",
                          .parameters = {id(tenant)},
                          .protocol = Step::Protocol::parameters});
    }
}

void Client::leave()
{
    switch (draw(4))
    {
    case 0:
        run("RESET tenancy.tenant_id");
        break;
    case 1:
        run("SET tenancy.tenant_id = ''");
        break;
    case 2:
        run("SELECT tenancy.reset_tenant()");
        break;
    default:
        steps_.push_back({.sql = "DISCARD ALL", .drops_plans = true});
    }
    tenant_ = kNone;
}

void Client::read(int tenant)
{
    Step step{.tenant = tenant, .rows = tenant == kNone ? 0 : settings_.seeded};
    switch (draw(settings_.prepared ? 3 : 2))
    {
    case 0:
        step.sql = "SELECT marker FROM notes WHERE client = 0";
        break;
    case 1:
        step.sql = kReadSeeded;
        step.parameters = {"0"};
        step.protocol = Step::Protocol::parameters;
        break;
    default:
        step.sql = kReadSeeded;
        step.parameters = {"0"};
        step.protocol = Step::Protocol::prepared;
    }
    steps_.push_back(std::move(step));
}

void Client::read_own(int tenant, int pending)
{
    steps_.push_back({.sql = "SELECT marker FROM notes WHERE client = $1",
                      .parameters = {std::to_string(number_)},
                      .protocol = Step::Protocol::parameters,
                      .tenant = tenant,
                      .rows = planned_[tenant] + pending});
}

void Client::write(int tenant)
{
    steps_.push_back({.sql = "INSERT INTO notes (marker, client) VALUES ('" + id(tenant) + "', " +
                             std::to_string(number_) + ")",
                      .writes = tenant});
}

// A row for somebody else, or for somebody while acting for nobody: refused by the wall.
void Client::steal()
{
    int other = draw_tenant();
    if (other == tenant_)
        other = (other + 1) % static_cast<int>(settings_.tenants.size());
    fail("INSERT INTO notes (tenant_id, marker, client) VALUES ('" + id(other) + "', 'stolen', -1)",
         "42501");
}

void Client::plan()
{
    if (style_ == Style::session)
        plan_session();
    else
        plan_local();
}

void Client::plan_session()
{
    const int other = draw_tenant();
    if (tenant_ == kNone)
    {
        switch (draw(4))
        {
        case 0:
            read(kNone);
            return;
        case 1:
            steal();
            return;
        default:
            choose(other, false);
            tenant_ = other;
            read(other);
            return;
        }
    }
    switch (draw(11))
    {
    case 0:
    case 1:
        read(tenant_);
        break;
    case 2:
        run("BEGIN"), write(tenant_), read_own(tenant_, 1), commit();
        planned_[tenant_]++;
        break;
    case 3:
        run("BEGIN"), write(tenant_), fail("SELECT 1 / 0", "22012"), fail("SELECT 1", "25P02"),
            rollback();
        read(tenant_);
        break;
    case 4:
        // Another tenant within a transaction that does not happen.
        run("BEGIN"), choose(other, false), read(other), write(other), rollback();
        read(tenant_);
        break;
    case 5:
        choose(other, false);
        tenant_ = other;
        read(other);
        break;
    case 6:
        run("BEGIN"), choose(other, false), write(other), commit();
        planned_[other]++;
        tenant_ = other;
        read_own(other, 0);
        break;
    case 7:
        leave(), read(kNone);
        break;
    case 8:
        run("BEGIN"), choose(other, true), read(other), commit(), read(tenant_);
        break;
    case 9:
        steal(), read(tenant_);
        break;
    default:
        // Gone with a transaction open that has changed the tenant and written a row.
        run("BEGIN"), choose(other, draw(2) == 0), write(other), disconnect();
    }
}

void Client::plan_local()
{
    const int tenant = draw_tenant();
    const int other = draw_tenant();
    switch (draw(8))
    {
    case 0:
    case 1:
        run("BEGIN"), choose(tenant, true), read(tenant), write(tenant), read_own(tenant, 1),
            commit();
        planned_[tenant]++;
        break;
    case 2:
        run("BEGIN"), choose(tenant, true), write(tenant), rollback();
        break;
    case 3:
        run("BEGIN"), choose(tenant, true), write(tenant), fail("SELECT 1 / 0", "22012"),
            rollback();
        break;
    case 4:
        run("BEGIN"), choose(tenant, true), run("SAVEPOINT s"), choose(other, true), read(other);
        run("ROLLBACK TO s"), read(tenant), commit();
        break;
    case 5:
        // All in one message: the setting is never reported, so no pooler hears of it.
        steps_.push_back({.sql = "BEGIN; SET LOCAL tenancy.tenant_id = '" + id(tenant) +
                                 "'; SELECT marker FROM notes WHERE client = 0; COMMIT",
                          .tenant = tenant,
                          .rows = settings_.seeded});
        break;
    case 6:
        read(kNone), steal();
        break;
    default:
        run("BEGIN"), choose(tenant, true), write(tenant), disconnect();
    }
}

// ---- how it says it ------------------------------------------------------------------------

void Client::begin_connecting()
{
    const char *keys[] = {"options", nullptr};
    std::string options;
    tenant_ = kNone;
    if (style_ == Style::session && settings_.startup && draw(2) == 0)
    {
        tenant_ = draw_tenant();
        options = "-c tenancy.tenant_id=" + id(tenant_);
    }
    const char *values[] = {options.c_str(), nullptr};
    connection_ = PQconnectStartParams(keys, values, 0);
    PQsetNoticeReceiver(
        connection_, [](void *, const PGresult *) {}, nullptr);
    state_ = State::connecting;
    is_prepared_ = false;
    answered_as_meant_ = true;
    totals_.connections++;
}

PostgresPollingStatusType Client::go_on_connecting()
{
    const PostgresPollingStatusType wants = PQconnectPoll(connection_);
    if (wants == PGRES_POLLING_OK)
        state_ = State::ready;
    if (wants == PGRES_POLLING_FAILED)
    {
        steps_.push_back({.sql = "connecting"});
        lose_connection();
    }
    return wants;
}

void Client::lose_connection()
{
    complain(&Totals::surprises, steps_.front(), PQerrorMessage(connection_));
    close();
}

void Client::close()
{
    PQfinish(connection_);
    connection_ = nullptr;
    state_ = State::closed;
    pending_.clear();
    steps_.clear();
    planned_ = written_;
}

void Client::send_next(bool more)
{
    if (!answered_as_meant_)
    {
        // What was planned builds on what did not happen. Only where something is wrong anyway.
        steps_.clear();
        planned_ = written_;
        answered_as_meant_ = true;
        rollback();
    }
    else if (steps_.empty() && more)
    {
        plan();
    }
    if (steps_.empty() || steps_.front().protocol == Step::Protocol::disconnect)
    {
        close();
        return;
    }
    state_ = State::waiting;
    if (!send(steps_.front()))
        lose_connection();
}

bool Client::send(const Step &step)
{
    std::vector<const char *> values;
    for (const std::string &value : step.parameters)
        values.push_back(value.c_str());
    const int count = static_cast<int>(values.size());
    preparing_ = step.protocol == Step::Protocol::prepared && !is_prepared_;
    if (preparing_)
        return PQsendPrepare(connection_, kStatement, step.sql.c_str(), count, nullptr) == 1;
    totals_.statements++;
    switch (step.protocol)
    {
    case Step::Protocol::parameters:
        return PQsendQueryParams(connection_, step.sql.c_str(), count, nullptr, values.data(),
                                 nullptr, nullptr, 0) == 1;
    case Step::Protocol::prepared:
        return PQsendQueryPrepared(connection_, kStatement, count, values.data(), nullptr, nullptr,
                                   0) == 1;
    default:
        return PQsendQuery(connection_, step.sql.c_str()) == 1;
    }
}

// ---- how it judges -------------------------------------------------------------------------

void Client::read_answer()
{
    if (PQconsumeInput(connection_) != 1)
        return lose_connection();
    while (PQisBusy(connection_) == 0)
    {
        PGresult *result = PQgetResult(connection_);
        if (result == nullptr)
        {
            if (PQstatus(connection_) == CONNECTION_BAD)
                return lose_connection();
            if (preparing_)
                is_prepared_ = answered_as_meant_;
            else
                steps_.pop_front();
            preparing_ = false;
            state_ = State::ready;
            return;
        }
        judge(steps_.front(), result);
        PQclear(result);
    }
}

void Client::judge(const Step &step, PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (status == PGRES_FATAL_ERROR || !step.error.empty())
    {
        if (sqlstate == nullptr || step.error != sqlstate)
            complain(&Totals::surprises, step,
                     sqlstate == nullptr ? "no error" : PQresultErrorMessage(result));
        return;
    }
    if (preparing_)
        return;
    if (step.rows >= 0 && status == PGRES_TUPLES_OK)
    {
        const int rows = PQntuples(result);
        totals_.reads++;
        totals_.rows += static_cast<std::uint64_t>(rows);
        int foreign = 0;
        for (int row = 0; row < rows; row++)
            if (step.tenant == kNone || id(step.tenant) != PQgetvalue(result, row, 0))
                foreign++;
        if (foreign > 0)
            complain(&Totals::leaks, step,
                     std::string("a row of ") + PQgetvalue(result, 0, 0) + " for " +
                         (step.tenant == kNone ? "nobody" : id(step.tenant)));
        else if (rows != step.rows)
            complain(&Totals::losses, step,
                     std::to_string(rows) + " rows instead of " + std::to_string(step.rows));
    }
    if (step.writes != kNone)
        pending_.push_back(step.writes);
    if (step.drops_plans)
        is_prepared_ = false;
    if (step.ends_well)
        for (int tenant : pending_)
            written_[tenant]++;
    if (step.ends_well || step.ends_badly)
    {
        pending_.clear();
        totals_.transactions++;
    }
}

void Client::complain(std::uint64_t Totals::*kind, const Step &step, const std::string &what)
{
    totals_.*kind += 1;
    answered_as_meant_ = false;
    if (totals_.first.empty())
        totals_.first = "client " + std::to_string(number_) + ", " + step.sql + ": " + what;
}

} // namespace load
