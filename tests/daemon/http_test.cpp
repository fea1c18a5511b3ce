// The web server: routes, status codes and what /metrics says, on a port of its own.
// SPDX-License-Identifier: PostgreSQL
#include "http.hpp"

#include "error.hpp"
#include "version.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

namespace
{

using namespace tenancyd;

TEST(Listen, ReadsAddresses)
{
    EXPECT_EQ(parse_listen("127.0.0.1:8432").host, "127.0.0.1");
    EXPECT_EQ(parse_listen("127.0.0.1:8432").port, 8432);
    EXPECT_EQ(parse_listen("[::1]:0").host, "::1");
    EXPECT_EQ(parse_listen("localhost:1").host, "localhost");
    EXPECT_EQ(parse_listen("off").host, "");
    for (const char *text : {"", "8432", "127.0.0.1", "127.0.0.1:", ":8432", "h:65536", "h:-1",
                             "h:12x", "::1:80", "on"})
        EXPECT_THROW(parse_listen(text), UsageError) << text;
}

TEST(Listen, KnowsLoopback)
{
    for (const char *host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const char *host : {"0.0.0.0", "::", "10.0.0.1", "example.org"})
        EXPECT_FALSE(is_loopback(host)) << host;
}

class HttpTest : public testing::Test
{
protected:
    HttpTest()
        : server(health, metrics), port(server.bind({"127.0.0.1", 0})), client("127.0.0.1", port)
    {
        server.start();
    }

    Json json(const char *path, int status)
    {
        auto answer = client.Get(path);
        if (!answer)
        {
            ADD_FAILURE() << path;
            return {};
        }
        EXPECT_EQ(answer->status, status) << path;
        EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json");
        return Json::parse(answer->body);
    }
    std::string metrics_text()
    {
        auto answer = client.Get("/metrics");
        return answer ? answer->body : "";
    }

    Health health;
    Metrics metrics;
    HttpServer server;
    int port;
    httplib::Client client;
};

TEST_F(HttpTest, IsAliveButNotReadyWithoutADatabase)
{
    health.database_down("lost | SQLSTATE: 08006");
    auto report = json("/healthz", 200);
    EXPECT_EQ(report["status"], "degraded");
    EXPECT_EQ(report["version"], kVersion);
    EXPECT_EQ(report["database"]["reachable"], false);
    EXPECT_EQ(report["database"]["error"], "lost | SQLSTATE: 08006");
    EXPECT_EQ(json("/readyz", 503)["ready"], false);
}

TEST_F(HttpTest, IsReadyWithADatabase)
{
    health.database_up("app on db:5432 as tenancyd");
    health.leader(true);
    health.job_finished("rollup", true, "");
    health.job_finished("invoice", false, "it failed");
    auto report = json("/healthz", 200);
    EXPECT_EQ(report["status"], "ok");
    EXPECT_EQ(report["leader"], true);
    EXPECT_EQ(report["database"]["name"], "app on db:5432 as tenancyd");
    EXPECT_TRUE(report["database"]["error"].is_null());
    EXPECT_TRUE(report["jobs"]["rollup"]["error"].is_null());
    EXPECT_EQ(report["jobs"]["invoice"]["error"], "it failed");
    EXPECT_EQ(json("/readyz", 200)["ready"], true);
}

TEST_F(HttpTest, LosingTheDatabaseLosesTheLead)
{
    health.database_up("app");
    health.leader(true);
    health.database_down("gone");
    EXPECT_EQ(json("/healthz", 200)["leader"], false);
}

TEST_F(HttpTest, OtherPathsAreNotFound)
{
    EXPECT_EQ(json("/", 404)["error"], "not found");
    EXPECT_EQ(json("/metrics/x", 404)["error"], "not found");
    auto posted = client.Post("/healthz");
    ASSERT_TRUE(posted);
    EXPECT_EQ(posted->status, 404);
}

TEST_F(HttpTest, MetricsSpeakPrometheus)
{
    metrics.database_up(true);
    metrics.leader(true);
    metrics.job_finished("rollup", true, std::chrono::milliseconds(300));
    metrics.job_finished("rollup", false, std::chrono::milliseconds(300));
    metrics.webhook_finished("delivered", std::chrono::milliseconds(30));
    prometheus::ClientMetric three;
    three.label = {{"status", "active"}};
    three.gauge.value = 3;
    metrics.observed({{"tenancyd_tenants", "Tenants.", prometheus::MetricType::Gauge, {three}}});
    client.Get("/healthz");
    auto answer = client.Get("/metrics");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    for (const char *line :
         {"# HELP tenancyd_database_up ", "# TYPE tenancyd_database_up gauge\n",
          "\ntenancyd_database_up 1\n", "\ntenancyd_leader 1\n",
          "# TYPE tenancyd_jobs_total counter\n",
          "\ntenancyd_jobs_total{job_name=\"rollup\",result=\"success\"} 1\n",
          "\ntenancyd_jobs_total{job_name=\"rollup\",result=\"failure\"} 1\n",
          "\ntenancyd_job_duration_seconds_bucket{job_name=\"rollup\",le=\"0.5\"} 2\n",
          "\ntenancyd_job_duration_seconds_count{job_name=\"rollup\"} 2\n",
          "\ntenancyd_webhook_deliveries_total{outcome=\"delivered\"} 1\n",
          "\ntenancyd_webhook_deliveries_total{outcome=\"dead\"} 0\n",
          "\ntenancyd_webhook_duration_seconds_bucket{le=\"0.1\"} 1\n",
          "\ntenancyd_http_request_duration_seconds_count{route=\"/healthz\"} 1\n",
          "\ntenancyd_tenants{status=\"active\"} 3\n", "tenancyd_build_info{version=\""})
        EXPECT_NE(answer->body.find(line), std::string::npos) << line << "\n" << answer->body;
}

TEST_F(HttpTest, WhatWasObservedIsReplacedAsAWhole)
{
    prometheus::ClientMetric one;
    one.label = {{"tenant", "acme"}};
    metrics.observed({{"tenancyd_x", "X.", prometheus::MetricType::Gauge, {one}}});
    EXPECT_NE(metrics_text().find("tenancyd_x{tenant=\"acme\"}"), std::string::npos);
    metrics.observed({});
    EXPECT_EQ(metrics_text().find("acme"), std::string::npos);
}

TEST_F(HttpTest, APathAClientChoseIsNoLabel)
{
    for (int i = 0; i < 20; i++)
        client.Get("/made/up/" + std::to_string(i));
    client.Get("/healthz");
    const auto text = metrics_text();
    EXPECT_EQ(text.find("made/up"), std::string::npos);
    EXPECT_NE(text.find("tenancyd_http_requests_total{route=\"other\",status=\"404\"} 20\n"),
              std::string::npos);
    EXPECT_NE(text.find("tenancyd_http_requests_total{route=\"/healthz\",status=\"200\"} 1\n"),
              std::string::npos);
}

TEST_F(HttpTest, APortInUseIsAnErrorNotAShare)
{
    HttpServer other(health, metrics);
    EXPECT_THROW(other.bind({"127.0.0.1", port}), Error);
}

TEST_F(HttpTest, StopsSoonAndForGood)
{
    const auto before = std::chrono::steady_clock::now();
    server.stop();
    server.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(3));
    EXPECT_FALSE(client.Get("/healthz"));
}

} // namespace
