// What the daemon knows about itself, for /healthz and /readyz. Thread-safe.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"

#include <map>
#include <mutex>
#include <string>

namespace tenancyd
{

class Health
{
public:
    void database_up(const std::string &where);
    void database_down(const std::string &reason);
    void leader(bool leads);
    void job_finished(const std::string &job, bool good, const std::string &error);

    // Ready: the database answers. A stand-by is ready too; it is there to take over.
    bool ready() const;
    Json report() const;

private:
    struct Job
    {
        std::string last_success, last_failure, error; // times in UTC
    };

    mutable std::mutex mutex_;
    bool up_ = false, leads_ = false;
    std::string since_ = "", database_ = "", reason_ = "not connected yet";
    std::map<std::string, Job> jobs_;
};

} // namespace tenancyd
