// What systemd is told: that the daemon is ready, stops, and lives.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace tenancyd
{

// Nothing happens where systemd does not ask for it (NOTIFY_SOCKET).
void notify_ready(const std::string &status);
void notify_stopping();
void notify_alive();

// How often systemd wants to hear that the daemon lives (WatchdogSec); nothing: it does not ask.
std::optional<std::chrono::microseconds> watchdog_interval();

} // namespace tenancyd
