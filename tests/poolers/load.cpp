// Plays thousands of clients of a pooler against each other, and prints what they saw.
// SPDX-License-Identifier: PostgreSQL
//
// load STYLE CLIENTS SECONDS TENANTS_FILE SEEDED MODEL_FILE [startup] [prepared]
//
// STYLE is session, local or mixed. Connects as libpq's environment says. Each client knows which tenant it acts
// for, and judges every answer by that: see client.cpp. MODEL_FILE gets the rows that the clients have committed,
// by tenant.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "client.hpp"

using namespace load;

namespace
{

// A listening socket has a short queue, and libpq takes a full one for an error.
constexpr int kConnectingAtOnce = 50;

class Loop
{
public:
    Loop(std::vector<std::unique_ptr<Client>> &clients, Totals &totals, int seconds)
        : totals_(totals), time_(seconds), epoll_(epoll_create1(0))
    {
        for (auto &client : clients)
            absent_.push_back(client.get());
    }
    ~Loop() { ::close(epoll_); }

    void run()
    {
        epoll_event events[256];
        for (admit(); open_ > 0; admit())
        {
            // A pooler that does not answer at all is a failure, not a test without end.
            const int count = epoll_wait(epoll_, events, 256, 30'000);
            if (count == 0)
            {
                totals_.surprises++;
                totals_.first = "no answer for 30 seconds; " + totals_.first;
                return;
            }
            for (int i = 0; i < count; i++)
                go_on(*static_cast<Client *>(events[i].data.ptr));
        }
    }

    int most_open() const { return most_open_; }

private:
    using Clock = std::chrono::steady_clock;

    // The time begins when all are there for the first time.
    bool in_time()
    {
        if (!until_ && absent_.empty() && connecting_ == 0)
            until_ = Clock::now() + time_;
        return !until_ || Clock::now() < *until_;
    }

    void admit()
    {
        while (connecting_ < kConnectingAtOnce && !absent_.empty() && in_time())
        {
            Client &client = *absent_.front();
            absent_.pop_front();
            client.begin_connecting();
            connecting_++;
            most_open_ = std::max(most_open_, ++open_);
            watch(client, EPOLLOUT);
        }
    }

    void watch(Client &client, uint32_t what)
    {
        epoll_event event{};
        event.events = what;
        event.data.ptr = &client;
        if (epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket(), &event) != 0)
            epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket(), &event);
    }

    void go_on(Client &client)
    {
        if (client.state() == Client::State::connecting)
        {
            const PostgresPollingStatusType wants = client.go_on_connecting();
            if (client.state() == Client::State::connecting)
                return watch(client, wants == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN);
            connecting_--;
            if (client.state() == Client::State::ready)
                watch(client, EPOLLIN);
        }
        else
        {
            client.read_answer();
        }
        if (client.state() == Client::State::ready)
            client.send_next(in_time());
        if (client.state() == Client::State::closed)
        {
            open_--;
            if (in_time())
                absent_.push_back(&client);
        }
    }

    Totals &totals_;
    std::chrono::seconds time_;
    std::optional<Clock::time_point> until_;
    int epoll_;
    std::deque<Client *> absent_;
    int open_ = 0, connecting_ = 0, most_open_ = 0;
};

std::vector<std::string> read_lines(const char *file)
{
    std::vector<std::string> lines;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

void write_model(const char *file, const Settings &settings,
                 const std::vector<std::unique_ptr<Client>> &clients)
{
    std::map<int, int> sum;
    for (const auto &client : clients)
        for (const auto &[tenant, rows] : client->written())
            sum[tenant] += rows;
    std::ofstream out(file);
    for (const auto &[tenant, rows] : sum)
        out << settings.tenants[static_cast<size_t>(tenant)] << '\t' << rows << '\n';
}

} // namespace

int main(int count, char **arguments)
{
    if (count < 7)
    {
        std::cerr << "usage: load STYLE CLIENTS SECONDS TENANTS_FILE SEEDED MODEL_FILE [startup] "
                     "[prepared]\n";
        return 2;
    }
    const std::string style = arguments[1];
    Settings settings{.tenants = read_lines(arguments[4]), .seeded = std::atoi(arguments[5])};
    for (int i = 7; i < count; i++)
    {
        settings.startup |= std::string("startup") == arguments[i];
        settings.prepared |= std::string("prepared") == arguments[i];
    }
    rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    Totals totals;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < std::atoi(arguments[2]); i++)
    {
        const bool local = style == "local" || (style == "mixed" && i % 2 == 0);
        clients.push_back(std::make_unique<Client>(i + 1, local ? Style::local : Style::session,
                                                   settings, totals));
    }
    Loop loop(clients, totals, std::atoi(arguments[3]));
    loop.run();
    write_model(arguments[6], settings, clients);
    std::cout << "clients=" << loop.most_open() << " connections=" << totals.connections
              << " transactions=" << totals.transactions << " statements=" << totals.statements
              << " reads=" << totals.reads << " rows=" << totals.rows << " leaks=" << totals.leaks
              << " losses=" << totals.losses << " surprises=" << totals.surprises << '\n';
    if (!totals.first.empty())
        std::cerr << totals.first << '\n';
}
