// The daemon: worker, web server and signals put together.
// SPDX-License-Identifier: PostgreSQL
//
// Threads: the main one waits for a signal, and tells systemd that the others live; the worker's and
// the dispatcher's own a connection each; the web server's only read Health and Metrics, which lock
// for themselves. Nothing else is shared but the heartbeats.
#include "serve.hpp"

#include "dispatcher.hpp"
#include "error.hpp"
#include "http.hpp"
#include "service.hpp"
#include "version.hpp"
#include "worker.hpp"

#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>

#include <algorithm>
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

// Until the first signal. A thread that hangs keeps systemd from hearing that the daemon lives.
void watch(int stop_fd, const std::vector<const Heartbeat *> &heartbeats)
{
    const auto asked = watchdog_interval();
    const int pause = asked ? static_cast<int>(asked->count() / 3000) : -1;
    for (pollfd event{stop_fd, POLLIN, 0};;)
    {
        const int count = poll(&event, 1, pause);
        if (count > 0)
            return;
        if (count == 0 && std::all_of(heartbeats.begin(), heartbeats.end(),
                                      [&](const auto *heart) { return heart->age() < *asked; }))
            notify_alive();
    }
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
    Worker worker(settings, health, metrics, stop_fd);
    Dispatcher dispatcher(settings, metrics, stop_fd);
    std::vector<const Heartbeat *> heartbeats{&worker.heartbeat()};
    std::thread worker_thread([&] { worker.run(); }), dispatcher_thread;
    if (settings.webhooks)
    {
        heartbeats.push_back(&dispatcher.heartbeat());
        dispatcher_thread = std::thread([&] { dispatcher.run(); });
    }
    // Ready as soon as it answers: without a database it tries again, and /readyz says so.
    notify_ready("serving");

    watch(stop_fd, heartbeats);
    notify_stopping();
    spdlog::info("stopping");
    std::promise<void> stopped;
    std::thread closer([&] {
        http.stop();
        worker_thread.join();
        if (dispatcher_thread.joinable())
            dispatcher_thread.join();
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
