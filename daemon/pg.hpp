// A connection to PostgreSQL: libpq with owners, typed errors and waits that can be ended.
// SPDX-License-Identifier: PostgreSQL
//
// A Connection belongs to one thread. Statements always go out with parameters apart from the text,
// one statement at a time; values come back as text, so that numbers stay exact.
#pragma once

#include "conninfo.hpp"
#include "error.hpp"
#include "heartbeat.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tenancyd::pg
{

using Value = std::optional<std::string>; // nullopt is SQL NULL
using Params = std::vector<Value>;

// The stop descriptor became readable during a wait.
struct Interrupted : std::exception
{
    const char *what() const noexcept override { return "interrupted"; }
};

class Result
{
public:
    explicit Result(PGresult *result) : result_(result) {}

    int rows() const { return PQntuples(result_.get()); }
    int columns() const { return PQnfields(result_.get()); }
    std::string name(int column) const { return PQfname(result_.get(), column); }
    Oid type(int column) const { return PQftype(result_.get(), column); }
    bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column); }
    std::string text(int row, int column) const; // NULL is ""
    // By name: an Error when the server's function has no such column.
    std::string text(int row, const char *column) const { return text(row, find(column)); }
    Value value(int row, const char *column) const;
    const PGresult *raw() const { return result_.get(); }

private:
    int find(const char *column) const;

    struct Clear
    {
        void operator()(PGresult *result) const { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

class Connection
{
public:
    // stop_fd: a descriptor that becomes readable when the program shall stop, or -1.
    // heartbeat: what beats while it waits.
    explicit Connection(const ConnectionParameters &parameters, int stop_fd = -1,
                        Heartbeat *heartbeat = nullptr);

    Result exec(const char *sql, const Params &params = {});

    bool alive() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
    bool in_transaction() const { return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE; }
    int server_version() const { return PQserverVersion(connection_.get()); }
    std::string server_version_text() const;
    std::string where() const; // "database on host:port as user", for logs

    // Waits while the connection is idle. Throws when the server goes away or the program shall
    // stop.
    void idle_until(std::chrono::steady_clock::time_point deadline);

private:
    struct Ready
    {
        bool socket, stop;
    };
    Ready wait_for(std::chrono::steady_clock::time_point deadline, int stop_fd);
    void wait_readable();
    void cancel();
    [[noreturn]] void fail(const PGresult *result);

    struct Finish
    {
        void operator()(PGconn *connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
    int stop_fd_;
    Heartbeat *heartbeat_;
};

// BEGIN … COMMIT, or a savepoint inside another one; what is not committed is rolled back.
class Transaction
{
public:
    explicit Transaction(Connection &connection);
    ~Transaction();
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;

    void commit();

private:
    Connection &connection_;
    const bool nested_;
    bool open_ = true;
};

} // namespace tenancyd::pg
