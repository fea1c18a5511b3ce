// A client of the load: one connection, what it expects to see, and the statements it has yet to send.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace load
{

// `session`: SET, carried by the pooler. `local`: SET LOCAL in each transaction.
enum class Style { session, local };

// Tenants are numbered by their place in the list; this is none of them.
constexpr int kNone = -1;

// One round trip and what must come of it.
struct Step
{
    enum class Protocol { simple, parameters, prepared, disconnect };
    std::string sql{};
    std::vector<std::string> parameters{};
    Protocol protocol = Protocol::simple;
    std::string error{};      // the SQLSTATE that must come; empty: none may
    int tenant = kNone;       // whose marker each row must carry
    int rows = -1;            // how many must come; -1: the answer is not rows of tenants
    int writes = kNone;       // a row of this tenant is the client's once a transaction ends well
    bool ends_well = false;   // COMMIT
    bool ends_badly = false;  // ROLLBACK
    bool drops_plans = false; // DISCARD ALL
};

struct Totals
{
    std::uint64_t statements = 0, transactions = 0, reads = 0, rows = 0, connections = 0;
    // Rows of a tenant that the client does not act for; too many or too few rows; the rest.
    std::uint64_t leaks = 0, losses = 0, surprises = 0;
    std::string first; // what went wrong first
};

struct Settings
{
    std::vector<std::string> tenants;
    bool startup = false;  // some connections bring their tenant in the startup packet
    bool prepared = false; // the pooler carries prepared statements
    int seeded = 0;        // rows of client 0 that each tenant has from the beginning
};

class Client
{
public:
    Client(int number, Style style, const Settings &settings, Totals &totals)
        : number_(number), style_(style), settings_(settings), totals_(totals), random_(number)
    {}

    enum class State { connecting, waiting, ready, closed };

    void begin_connecting();
    // What connecting waits for, when it goes on.
    PostgresPollingStatusType go_on_connecting();
    void read_answer();
    // Sends the next statement, after making up new ones if `more`; without any, closes.
    void send_next(bool more);

    State state() const { return state_; }
    int socket() const { return PQsocket(connection_); }
    const std::map<int, int> &written() const { return written_; }

private:
    int draw(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
    int draw_tenant() { return draw(static_cast<int>(settings_.tenants.size())); }
    const std::string &id(int tenant) const
    {
        return settings_.tenants[static_cast<size_t>(tenant)];
    }

    void plan();
    void plan_session();
    void plan_local();
    void run(const char *sql) { steps_.push_back({.sql = sql}); }
    void fail(const std::string &sql, const char *error)
    {
        steps_.push_back({.sql = sql, .error = error});
    }
    void choose(int tenant, bool local);
    void leave();
    void read(int tenant);
    void read_own(int tenant, int pending);
    void write(int tenant);
    void steal();
    void commit() { steps_.push_back({.sql = "COMMIT", .ends_well = true}); }
    void rollback() { steps_.push_back({.sql = "ROLLBACK", .ends_badly = true}); }
    void disconnect() { steps_.push_back({.protocol = Step::Protocol::disconnect}); }

    bool send(const Step &step);
    void close();
    void lose_connection();
    void judge(const Step &step, PGresult *result);
    void complain(std::uint64_t Totals::*kind, const Step &step, const std::string &what);

    int number_;
    Style style_;
    const Settings &settings_;
    Totals &totals_;
    std::minstd_rand random_;
    PGconn *connection_ = nullptr;
    State state_ = State::closed;
    bool is_prepared_ = false, preparing_ = false;
    int tenant_ = kNone; // what this session has said, once all planned steps are done
    std::deque<Step> steps_;
    bool answered_as_meant_ = true;
    std::vector<int> pending_;   // written in the open transaction
    std::map<int, int> written_; // committed, by tenant
    std::map<int, int> planned_; // what written_ will be once all planned steps are done
};

} // namespace load
