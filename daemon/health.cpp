// What the daemon knows about itself, for /healthz and /readyz. Thread-safe.
// SPDX-License-Identifier: PostgreSQL
#include "health.hpp"

#include "version.hpp"

#include <ctime>

namespace tenancyd
{

namespace
{

std::string utc_now()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

Json text_or_null(const std::string &text)
{
    return text.empty() ? Json() : Json(text);
}

} // namespace

void Health::database_up(const std::string &where)
{
    std::lock_guard guard(mutex_);
    up_ = true;
    since_ = utc_now();
    database_ = where;
    reason_.clear();
}

void Health::database_down(const std::string &reason)
{
    std::lock_guard guard(mutex_);
    if (up_ || since_.empty())
        since_ = utc_now();
    up_ = leads_ = false;
    reason_ = reason;
}

void Health::leader(bool leads)
{
    std::lock_guard guard(mutex_);
    leads_ = leads;
}

void Health::job_finished(const std::string &job, bool good, const std::string &error)
{
    std::lock_guard guard(mutex_);
    auto &state = jobs_[job];
    (good ? state.last_success : state.last_failure) = utc_now();
    state.error = error;
}

bool Health::ready() const
{
    std::lock_guard guard(mutex_);
    return up_;
}

Json Health::report() const
{
    std::lock_guard guard(mutex_);
    Json jobs = Json::object();
    for (const auto &[name, job] : jobs_)
        jobs[name] = {{"last_success", text_or_null(job.last_success)},
                      {"last_failure", text_or_null(job.last_failure)},
                      {"error", text_or_null(job.error)}};
    return {{"status", up_ ? "ok" : "degraded"},
            {"version", kVersion},
            {"leader", leads_},
            {"database",
             {{"reachable", up_},
              {"since", text_or_null(since_)},
              {"name", text_or_null(database_)},
              {"error", text_or_null(reason_)}}},
            {"jobs", std::move(jobs)}};
}

} // namespace tenancyd
