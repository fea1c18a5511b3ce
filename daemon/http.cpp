// The daemon's small web server (cpp-httplib) and its routes.
// SPDX-License-Identifier: PostgreSQL
#include "http.hpp"

#include "error.hpp"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace tenancyd
{

namespace
{

constexpr const char *kRoutes[] = {"/healthz", "/readyz", "/metrics"};

void answer_json(httplib::Response &response, int status, const Json &body)
{
    response.status = status;
    response.set_content(body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
                         "application/json");
}

} // namespace

ListenAddress parse_listen(const std::string &text)
{
    if (text == "off")
        return {"", 0};
    const size_t colon = text.rfind(':');
    const std::string digits = colon != text.npos ? text.substr(colon + 1) : "";
    const bool number = !digits.empty() && digits.size() <= 5 &&
                        digits.find_first_not_of("0123456789") == text.npos;
    std::string host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    const int port = number ? std::stoi(digits) : -1;
    if (port < 0 || port > 65535 || host.empty() || (!bracketed && host.find(':') != host.npos))
        throw UsageError(
            "\"" + text + "\" is not an address to listen on", "",
            "Write --http-listen as HOST:PORT, such as 127.0.0.1:8432 or [::1]:8432, or as off.");
    return {host, port};
}

bool is_loopback(const std::string &host)
{
    return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

struct HttpServer::Implementation
{
    httplib::Server server;
    std::thread thread;
};

HttpServer::HttpServer(const Health &health, Metrics &metrics) : implementation_(new Implementation)
{
    auto &server = implementation_->server;
    server.Get("/healthz",
               [&](const auto &, auto &response) { answer_json(response, 200, health.report()); });
    server.Get("/readyz", [&](const auto &, auto &response) {
        answer_json(response, health.ready() ? 200 : 503, {{"ready", health.ready()}});
    });
    server.Get("/metrics", [&](const auto &, auto &response) {
        response.set_content(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
    });
    server.set_error_handler([](const auto &, auto &response) {
        if (response.body.empty())
            answer_json(response, response.status,
                        {{"error", response.status == 404 ? "not found" : "bad request"}});
    });
    // A request stays in one thread.
    thread_local std::chrono::steady_clock::time_point begin;
    server.set_pre_routing_handler([](const auto &, auto &) {
        begin = std::chrono::steady_clock::now();
        return httplib::Server::HandlerResponse::Unhandled;
    });
    // Counted before it is sent: who has an answer can see it counted.
    server.set_post_routing_handler([&](const auto &request, const auto &response) {
        const bool known =
            std::find(std::begin(kRoutes), std::end(kRoutes), request.path) != std::end(kRoutes);
        metrics.http_request(known ? request.path : "other", response.status,
                             std::chrono::steady_clock::now() - begin);
    });

    // The library's own choice, SO_REUSEPORT, would let two daemons share a port and its requests.
    server.set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    // Scrapers come rarely: an idle connection shall not keep a thread, nor the daemon from
    // stopping.
    server.set_keep_alive_max_count(1);
    server.set_keep_alive_timeout(1);
    server.set_read_timeout(1);
    server.set_write_timeout(5);
    server.set_payload_max_length(4096);
    server.new_task_queue = [] { return new httplib::ThreadPool(4); };
}

HttpServer::~HttpServer()
{
    stop();
}

int HttpServer::bind(const ListenAddress &address)
{
    auto &server = implementation_->server;
    errno = 0;
    int port = address.port;
    if (port == 0)
        port = server.bind_to_any_port(address.host);
    else if (!server.bind_to_port(address.host, port))
        port = -1;
    if (port < 0)
        throw Error("could not listen on " + address.host + ":" + std::to_string(address.port) +
                        ": " + (errno ? std::strerror(errno) : "no such address"),
                    "", "", "Choose another --http-listen, or off.");
    return port;
}

void HttpServer::start()
{
    auto &[server, thread] = *implementation_;
    thread = std::thread([&server = server] { server.listen_after_bind(); });
    // A stop() that came before the library says that it runs would be lost.
    while (!server.is_running())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void HttpServer::stop()
{
    auto &[server, thread] = *implementation_;
    if (!thread.joinable())
        return;
    server.stop();
    thread.join();
}

} // namespace tenancyd
