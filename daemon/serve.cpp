// The daemon: worker, web server and signals put together.
// SPDX-License-Identifier: PostgreSQL
//
// Threads: the main one waits for a signal; the worker's owns the connection; the web server's only
// read Health and Metrics, which lock for themselves. Nothing else is shared.
#include "serve.hpp"

#include "error.hpp"
#include "http.hpp"
#include "jobs.hpp"
#include "version.hpp"
#include "worker.hpp"

#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

namespace tenancyd
{

namespace
{

// A descriptor that is readable from the first signal on: nobody reads it, so every thread can wait
// for it.
int open_stop_fd()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&signals, signal);
    // Before any other thread starts, so that all inherit it.
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        throw Error("could not watch for signals: " + std::string(std::strerror(errno)));
    return fd;
}

void wait_until_readable(int fd)
{
    pollfd event{fd, POLLIN, 0};
    while (poll(&event, 1, -1) < 0 && errno == EINTR)
        ;
}

void start_http(HttpServer &http, const ListenAddress &address)
{
    const int port = http.bind(address);
    const bool brackets = address.host.find(':') != address.host.npos;
    spdlog::info("listening on http://{}:{}", brackets ? "[" + address.host + "]" : address.host,
                 port);
    if (!is_loopback(address.host))
        spdlog::warn("{} is not a loopback address: whoever reaches it can read /metrics",
                     address.host);
    http.start();
}

} // namespace

int serve(const Settings &settings)
{
    using namespace std::chrono_literals;

    const int stop_fd = open_stop_fd();
    spdlog::info("tenancyd {} starting", kVersion);
    Health health;
    Metrics metrics;
    HttpServer http(health, metrics);
    if (const auto address = parse_listen(settings.http_listen); !address.host.empty())
        start_http(http, address);
    Worker worker(settings, make_jobs(settings, metrics), health, metrics, stop_fd);
    std::thread worker_thread([&] { worker.run(); });

    wait_until_readable(stop_fd);
    spdlog::info("stopping");
    std::promise<void> stopped;
    std::thread closer([&] {
        http.stop();
        worker_thread.join();
        stopped.set_value();
    });
    // A thread may still wait for an unreachable host or for a client's request: nothing is lost
    // without it.
    if (stopped.get_future().wait_for(900ms) != std::future_status::ready)
        std::_Exit(kOk);
    closer.join();
    spdlog::info("stopped");
    return kOk;
}

} // namespace tenancyd
