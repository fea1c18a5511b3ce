// The daemon's small web server (cpp-httplib) and its routes.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "health.hpp"
#include "metrics.hpp"

#include <memory>
#include <string>

namespace tenancyd
{

struct ListenAddress
{
    std::string host; // empty: do not listen
    int port;
};

// "127.0.0.1:8432", "[::1]:8432" or "off"; throws UsageError.
ListenAddress parse_listen(const std::string &text);
bool is_loopback(const std::string &host);

// GET /healthz (always 200: the process lives), /readyz (503 while the database does not answer),
// /metrics.
class HttpServer
{
public:
    HttpServer(const Health &health, Metrics &metrics);
    ~HttpServer();

    // Returns the port; throws Error.
    int bind(const ListenAddress &address);
    // Answers in threads of its own until stop(), which waits for requests under way.
    void start();
    void stop();

private:
    struct Implementation; // keeps httplib.h, a heavy header, out of the others
    std::unique_ptr<Implementation> implementation_;
};

} // namespace tenancyd
