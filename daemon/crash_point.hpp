// For tests: lets the program die, as by kill -9, at a chosen point of its work with the database.
// SPDX-License-Identifier: PostgreSQL
#pragma once

namespace tenancyd
{

// Each call is a point: before a statement is sent, when it is under way, and when its result is
// there. With the environment variable TENANCYD_TEST_CRASH_AT=N the Nth kills the process.
void crash_point();

} // namespace tenancyd
