// Plays the worked examples of limiters and alerts through the quota engine's core: a line "id<TAB>answer" each.
// SPDX-License-Identifier: PostgreSQL
#include "core/rate.hpp"
#include "core/thresholds.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <string>
#include <vector>

using namespace tenancy::core;
using nlohmann::json;

namespace
{

constexpr int64_t kBillion = 1'000'000'000;

// A decimal in billionths; read as text, so that nothing passes through a floating point.
int64_t billionths(const json &value)
{
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    const size_t point = text.find('.');
    std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
    fraction.resize(9, '0');
    return std::stoll(text.substr(0, point)) * kBillion + std::stoll(fraction);
}

std::string decimal(int64_t value)
{
    if (value < 0)
        return "-1";
    std::string text = std::to_string(value / kBillion);
    std::string fraction = std::to_string(value % kBillion + kBillion).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? text : text + "." + fraction;
}

json play_gcra(const json &params, const json &usage)
{
    const Rate rate{billionths(params.at("period_s")) /
                        params.at("count_per_period").get<int64_t>(),
                    params.at("max_burst").get<int64_t>()};
    Bucket bucket;
    json results = json::array();
    for (const json &request : usage.at("requests"))
    {
        const RateDecision d =
            decide(rate, bucket, billionths(request.at(0)), request.at(1).get<int64_t>());
        bucket = d.bucket;
        results.push_back(
            {d.admitted ? 0 : 1, d.remaining, decimal(d.reset_after), decimal(d.retry_after)});
    }
    return {{"results", results}};
}

json status(int64_t remaining, bool admitted)
{
    return {remaining, admitted ? "UNDER" : "OVER"};
}

json play_leaky_bucket(const json &params, const json &usage)
{
    const int64_t limit = params.at("limit").get<int64_t>();
    const Rate rate{billionths(params.at("duration_s")) / limit, limit - 1};
    Bucket bucket;
    json results = json::array();
    for (const json &hit : usage.at("hits"))
    {
        const RateDecision d =
            decide(rate, bucket, billionths(hit.at(0)), hit.at(1).get<int64_t>());
        bucket = d.bucket;
        results.push_back(status(d.remaining, d.admitted));
    }
    return {{"results", results}};
}

json play_token_bucket(const json &params, const json &usage)
{
    FixedWindow window{0, INT64_MIN};
    json results = json::array();
    for (const json &hit : usage.at("hits"))
    {
        const WindowDecision d =
            decide(params.at("limit").get<int64_t>(), billionths(params.at("duration_ms")), window,
                   billionths(hit.at(0)), hit.at(1).get<int64_t>());
        window = d.window;
        results.push_back(status(d.remaining, d.admitted));
    }
    return {{"results", results}};
}

json play_alerts(const json &params, const json &usage)
{
    const auto percents = params.at("thresholds_pct").get<std::vector<int>>();
    const int64_t budget = billionths(params.at("budget"));
    int64_t spent = 0;
    uint32_t fired = 0;
    json results = json::array();
    for (const json &amount : usage.at("spend"))
    {
        spent += billionths(amount);
        const uint32_t fresh = fire(percents, spent, budget, fired);
        json told = json::array();
        for (size_t i = 0; i < percents.size(); i++)
            if ((fresh >> i & 1) != 0)
                told.push_back(percents[i]);
        results.push_back(told);
    }
    return {{"fired", results}};
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    std::ifstream file(argv[1]);
    for (const json &vector : json::parse(file))
    {
        const auto model = vector.at("model").get<std::string>();
        const auto play = model == "gcra"                       ? play_gcra
                          : model == "leaky_bucket"             ? play_leaky_bucket
                          : model == "token_bucket_fixed_reset" ? play_token_bucket
                          : model == "threshold_alerts"         ? play_alerts
                                                                : nullptr;
        if (play == nullptr)
            continue;
        json answer;
        try
        {
            answer = play(vector.at("params"), vector.at("usage"));
        }
        catch (const std::exception &error)
        {
            answer = {{"error", error.what()}};
        }
        std::cout << vector.at("id").get<std::string>() << '\t' << answer.dump() << '\n';
    }
    return 0;
}
