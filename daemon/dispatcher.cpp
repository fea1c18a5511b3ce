// The thread that sends webhooks: publishes events, posts what is due, says what became of it.
// SPDX-License-Identifier: PostgreSQL
#include "dispatcher.hpp"

#include "leader.hpp"
#include "session.hpp"

#include <spdlog/spdlog.h>

namespace tenancyd
{

using namespace std::chrono_literals;

namespace
{

// So that one webhook that stalls leaves most connections to the others.
constexpr int kMostPerWebhook = 8;

} // namespace

Dispatcher::Dispatcher(const Settings &settings, Metrics &metrics, int stop_fd)
    : settings_(settings), metrics_(metrics), stop_fd_(stop_fd)
{}

void Dispatcher::run()
{
    keep_connected("webhooks", settings_, stop_fd_, heartbeat_,
                   {[](auto &) {}, [&](const auto &) { metrics_.sends_webhooks(false); }},
                   [&](auto &connection) { serve_connection(connection); });
}

// One connection's life: it ends with an exception. Requests under way end with it: whoever leads
// next sends them again.
void Dispatcher::serve_connection(pg::Connection &connection)
{
    while (!try_to_lead(connection, Duty::webhooks))
        connection.idle_until(Heartbeat::Clock::now() + settings_.leader_poll);
    spdlog::info("webhooks: this daemon sends them");
    metrics_.sends_webhooks(true);
    connection.exec("SELECT tenancy.release_deliveries()");
    Poster poster({settings_.webhook_private, settings_.webhook_ca_file});
    // Asked every second, and at once when there may be more.
    for (auto next = Heartbeat::Clock::now();;)
    {
        heartbeat_.beat();
        if (again_ || Heartbeat::Clock::now() >= next)
        {
            send_due(connection, poster);
            next = Heartbeat::Clock::now() + 1s;
        }
        if (poster.wait(again_ ? 0ms : 1000ms, stop_fd_))
            throw pg::Interrupted();
    }
}

void Dispatcher::send_due(pg::Connection &connection, Poster &poster)
{
    again_ = connection.exec("SELECT tenancy.publish_events() AS events").text(0, "events") != "0";
    const int room = settings_.webhook_connections - static_cast<int>(poster.under_way());
    if (room <= 0)
    {
        again_ = false;
        return;
    }
    const auto due =
        connection.exec("SELECT * FROM tenancy.claim_deliveries($1::integer, $2::integer)",
                        {std::to_string(room), std::to_string(kMostPerWebhook)});
    for (int row = 0; row < due.rows(); row++)
        start(connection, poster, due, row);
}

void Dispatcher::start(pg::Connection &connection, Poster &poster, const pg::Result &due, int row)
{
    const auto text = [&](const char *column) { return due.text(row, column); };
    const Post post{text("url"),
                    text("body"),
                    {"Content-Type: application/json", "Tenancy-Event-Id: " + text("event_id"),
                     "Tenancy-Event-Type: " + text("type"),
                     "Tenancy-Delivery-Attempt: " + text("attempt"),
                     "Tenancy-Signature: " + text("signature")},
                    std::chrono::milliseconds(std::stoi(text("timeout_ms")))};
    const auto done = [this, &connection, webhook = text("webhook"), position = text("position"),
                       event = text("event_id"),
                       attempt = text("attempt")](const PostResult &result) {
        const pg::Value status =
            result.status ? pg::Value(std::to_string(result.status)) : std::nullopt;
        const pg::Value error = result.error.empty() ? std::nullopt : pg::Value(result.error);
        const auto outcome =
            connection
                .exec("SELECT tenancy.finish_delivery($1, $2::bigint, $3::integer, $4) AS outcome",
                      {webhook, position, status, error})
                .text(0, "outcome");
        metrics_.webhook_finished(outcome, result.took);
        again_ = true; // the next of the tenant, or what there was no room for
        if (error)
            spdlog::warn("webhook {}: event {}, attempt {}: {}; {}", webhook, event, attempt,
                         *error, outcome);
        else
            spdlog::debug("webhook {}: event {}, attempt {}: {}", webhook, event, attempt, outcome);
    };
    poster.start(post, done);
}

} // namespace tenancyd
