// What the tables say of a tenant and metric: the limits that apply.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "core/admission.hpp"
#include "registry.hpp"

namespace tenancy::limits
{

// The names of core::Period, then of the kinds without a calendar.
extern const char *const kNames[core::kKinds];

// The tenant's cost has reached its cap: priced metrics are refused for a time.
struct Stop
{
    TimestampTz until; // DT_NOBEGIN: none
    char spent[64];    // with the currency
    char cap[64];
};

struct Limits
{
    bool metric_exists;
    bool is_of_rows; // what is used are the rows of its tables
    bool adds_up;    // the metric's amounts are added up: what was used can be released
    core::Limits limits;
    Stop stop;
    TimestampTz until; // when the first of the overrides and the stop among them ends
};

void read(const registry::Tenant *tenant, const char *metric, TimestampTz now, Limits *limits);

} // namespace tenancy::limits
