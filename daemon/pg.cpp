// A connection to PostgreSQL: libpq with owners, typed errors and waits that can be ended.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include "crash_point.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tenancyd::pg
{

namespace
{

using Clock = std::chrono::steady_clock;

// The server's and libpq's texts end in a newline.
std::string trimmed(const char *text)
{
    std::string result = text ? text : "";
    result.erase(result.find_last_not_of(" \n") + 1);
    return result;
}

void log_notice(void *, const PGresult *notice)
{
    auto field = [&](int code) { return trimmed(PQresultErrorField(notice, code)); };
    auto level = field(PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING" ? spdlog::level::warn
                                                                   : spdlog::level::debug;
    spdlog::log(level, "server: {} {}", field(PG_DIAG_MESSAGE_PRIMARY),
                field(PG_DIAG_MESSAGE_DETAIL));
}

} // namespace

int Result::find(const char *column) const
{
    int number = PQfnumber(result_.get(), column);
    if (number < 0)
        throw Error(
            std::string("the server's answer has no column \"") + column + "\"", "42703", "",
            "The extension and tenancyd may be of different versions; tenancyd init checks that.");
    return number;
}

std::string Result::text(int row, int column) const
{
    return {PQgetvalue(result_.get(), row, column),
            static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

Value Result::value(int row, const char *column) const
{
    int number = find(column);
    return is_null(row, number) ? Value() : text(row, number);
}

Connection::Connection(const ConnectionParameters &parameters, int stop_fd, Heartbeat *heartbeat)
    : stop_fd_(stop_fd), heartbeat_(heartbeat)
{
    std::vector<const char *> keywords, values;
    for (const auto &[keyword, value] : parameters)
    {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    // Blocking, because only so connect_timeout holds for each of several hosts.
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
    if (!connection_)
        throw std::bad_alloc();
    if (!alive())
        throw Error(
            "could not connect to the server", "08001", trimmed(PQerrorMessage(connection_.get())),
            "Check that the server runs, and --dsn or PGHOST, PGPORT, PGDATABASE and PGUSER.");
    PQsetNoticeReceiver(connection_.get(), log_notice, nullptr);
}

std::string Connection::server_version_text() const
{
    const char *version = PQparameterStatus(connection_.get(), "server_version");
    return version ? version : std::to_string(server_version());
}

std::string Connection::where() const
{
    auto *c = connection_.get();
    return std::string(PQdb(c)) + " on " + PQhost(c) + ":" + PQport(c) + " as " + PQuser(c);
}

Result Connection::exec(const char *sql, const Params &params)
{
    std::vector<const char *> values;
    for (const auto &param : params)
        values.push_back(param ? param->c_str() : nullptr);
    crash_point();
    if (!PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr,
                           values.data(), nullptr, nullptr, 0))
        fail(nullptr);
    crash_point();

    // The last result counts; a lost connection may leave its reason in an earlier one.
    Result last(nullptr);
    bool failed = false;
    for (;;)
    {
        wait_readable();
        PGresult *next = PQgetResult(connection_.get());
        if (!next)
            break;
        if (failed)
        {
            PQclear(next);
            continue;
        }
        auto status = PQresultStatus(next);
        failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
        last = Result(next);
    }
    crash_point();
    if (failed)
        fail(last.raw());
    return last;
}

// Waits for the socket or the stop descriptor (-1: poll() ignores it), a second at a time, so that
// the heart beats meanwhile.
Connection::Ready Connection::wait_for(Clock::time_point deadline, int stop_fd)
{
    pollfd fds[] = {{PQsocket(connection_.get()), POLLIN, 0}, {stop_fd, POLLIN, 0}};
    for (;;)
    {
        if (heartbeat_)
            heartbeat_->beat();
        const auto left = std::clamp<std::chrono::milliseconds>(
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()),
            std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
        const int count = poll(fds, 2, static_cast<int>(left.count()));
        if (count < 0 && errno != EINTR)
            throw Error("poll() failed: " + std::string(std::strerror(errno)));
        if (count > 0 || Clock::now() >= deadline)
            return {count > 0 && fds[0].revents != 0, count > 0 && fds[1].revents != 0};
    }
}

// Returns when PQgetResult() would not block.
void Connection::wait_readable()
{
    while (PQisBusy(connection_.get()))
    {
        if (wait_for(Clock::time_point::max(), stop_fd_).stop)
        {
            cancel();
            throw Interrupted();
        }
        if (!PQconsumeInput(connection_.get()))
            return; // PQgetResult() tells the reason
    }
}

// Ends the running statement on the server, and gives it a moment to say so: then its transaction
// is rolled back and its locks are free.
void Connection::cancel()
{
    std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(PQgetCancel(connection_.get()),
                                                              PQfreeCancel);
    char reason[256];
    if (!cancel || !PQcancel(cancel.get(), reason, sizeof reason))
        return;
    auto deadline = Clock::now() + std::chrono::milliseconds(500);
    while (PQisBusy(connection_.get()) && Clock::now() < deadline)
        if (wait_for(deadline, -1).socket && !PQconsumeInput(connection_.get()))
            return;
}

void Connection::fail(const PGresult *result)
{
    auto field = [&](int code) {
        return trimmed(result ? PQresultErrorField(result, code) : nullptr);
    };
    std::string sqlstate = field(PG_DIAG_SQLSTATE);
    std::string primary = field(PG_DIAG_MESSAGE_PRIMARY);
    if (primary.empty())
        throw Error("lost the connection to the server", "08006",
                    trimmed(PQerrorMessage(connection_.get())));
    throw Error(primary, sqlstate, field(PG_DIAG_MESSAGE_DETAIL), field(PG_DIAG_MESSAGE_HINT));
}

void Connection::idle_until(Clock::time_point deadline)
{
    for (;;)
    {
        auto ready = wait_for(deadline, stop_fd_);
        if (ready.stop)
            throw Interrupted();
        // An idle server speaks only to say something in passing, or to end the connection.
        if (ready.socket && !PQconsumeInput(connection_.get()))
            fail(nullptr);
        if (Clock::now() >= deadline)
            return;
    }
}

Transaction::Transaction(Connection &connection)
    : connection_(connection), nested_(connection.in_transaction())
{
    connection_.exec(nested_ ? "SAVEPOINT nested" : "BEGIN");
}

Transaction::~Transaction()
{
    if (!open_ || !connection_.alive())
        return;
    try
    {
        connection_.exec(nested_ ? "ROLLBACK TO SAVEPOINT nested" : "ROLLBACK");
    }
    catch (const std::exception &error)
    {
        spdlog::warn("could not roll back: {}", error_line(error));
    }
}

void Transaction::commit()
{
    connection_.exec(nested_ ? "RELEASE SAVEPOINT nested" : "COMMIT");
    open_ = false;
}

} // namespace tenancyd::pg
