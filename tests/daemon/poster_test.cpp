// Posting: which addresses are public, and what a request and its result are like, with a server of its own.
// SPDX-License-Identifier: PostgreSQL
#include "poster.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace
{

using namespace tenancyd;
using namespace std::chrono_literals;

bool public_address(const std::string &text)
{
    if (text.find(':') == text.npos)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &address.sin_addr), 1) << text;
        return is_public(reinterpret_cast<const sockaddr &>(address));
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &address.sin6_addr), 1) << text;
    return is_public(reinterpret_cast<const sockaddr &>(address));
}

TEST(IsPublic, KnowsWhatIsNot)
{
    for (const char *address : {"0.0.0.0",
                                "10.1.2.3",
                                "100.64.0.1",
                                "100.127.255.255",
                                "127.0.0.1",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.8",
                                "192.0.2.1",
                                "192.168.1.1",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.7",
                                "203.0.113.9",
                                "224.0.0.1",
                                "239.255.255.255",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fe80::1",
                                "fc00::1",
                                "fd12:3456::1",
                                "ff02::1",
                                "::ffff:127.0.0.1",
                                "::ffff:10.0.0.1",
                                "64:ff9b::a00:1",
                                "64:ff9b:1::808:808",
                                "2002:7f00:1::",
                                "2001:db8::1",
                                "2001::1",
                                "3fff::1",
                                "100::1",
                                "::8.8.8.8"})
        EXPECT_FALSE(public_address(address)) << address;
}

TEST(IsPublic, KnowsWhatIs)
{
    for (const char *address :
         {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
          "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
          "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"})
        EXPECT_TRUE(public_address(address)) << address;
}

class PosterTest : public testing::Test
{
protected:
    PosterTest()
    {
        server.Post("/ok", [&](const auto &request, auto &response) {
            const std::lock_guard lock(mutex); // the server answers several at a time
            seen = request;
            response.status = 201;
        });
        server.Post("/moved", [](const auto &, auto &response) { response.set_redirect("/ok"); });
        server.Post("/wrong", [](const auto &, auto &response) { response.status = 500; });
        server.Post("/slow", [](const auto &, auto &) { std::this_thread::sleep_for(600ms); });
        server.Post("/endless", [&](const auto &request, auto &response) {
            response.status = request.has_param("bad") ? 500 : 200;
            response.set_chunked_content_provider(
                "text/plain", [&, text = std::string(10000, 'x')](size_t, auto &sink) {
                    sent += text.size();
                    return sink.write(text.data(), text.size());
                });
        });
        server.set_keep_alive_timeout(1);
        port = server.bind_to_any_port("127.0.0.1");
        thread = std::thread([&] { server.listen_after_bind(); });
        while (!server.is_running())
            std::this_thread::sleep_for(1ms);
    }
    ~PosterTest() override
    {
        server.stop();
        thread.join();
    }

    PostResult post(const std::string &path, PosterOptions options = {true, ""})
    {
        Poster poster(options);
        PostResult result;
        bool done = false;
        poster.start({"http://127.0.0.1:" + std::to_string(port) + path,
                      "{\"a\": 1}",
                      {"Content-Type: application/json", "Tenancy-Event-Id: 7"},
                      300ms},
                     [&](const PostResult &r) {
                         result = r;
                         done = true;
                     });
        EXPECT_EQ(poster.under_way(), 1u);
        while (!done)
            poster.wait(1s, -1);
        EXPECT_EQ(poster.under_way(), 0u);
        return result;
    }

    httplib::Server server;
    std::mutex mutex;
    httplib::Request seen;
    std::atomic<size_t> sent = 0;
    int port;
    std::thread thread;
};

TEST_F(PosterTest, PostsBodyAndHeaders)
{
    const auto result = post("/ok?x=1");
    EXPECT_EQ(result.status, 201);
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(seen.body, "{\"a\": 1}");
    EXPECT_EQ(seen.get_header_value("Tenancy-Event-Id"), "7");
    EXPECT_EQ(seen.get_header_value("Content-Type"), "application/json");
    EXPECT_EQ(seen.get_header_value("Expect"), "");
    EXPECT_EQ(seen.get_header_value("User-Agent").rfind("tenancyd/", 0), 0u);
}

TEST_F(PosterTest, TakesNothingButSuccessForSuccess)
{
    EXPECT_EQ(post("/wrong").error, "HTTP status 500");
    EXPECT_EQ(post("/nothing").status, 404);
    const auto moved = post("/moved");
    EXPECT_EQ(moved.status, 302);
    EXPECT_NE(moved.error.find("not followed"), std::string::npos);
    EXPECT_EQ(seen.body, "");
}

TEST_F(PosterTest, ReadsNoMoreOfAnAnswerThanItHasTo)
{
    const auto good = post("/endless");
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.error, "");
    EXPECT_EQ(post("/endless?bad=1").error, "HTTP status 500");
    EXPECT_LT(sent, 50'000'000u); // and what the sockets' buffers hold
}

TEST_F(PosterTest, GivesUpInTime)
{
    const auto result = post("/slow");
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.error, "");
    EXPECT_LT(result.took, 550ms);
}

TEST_F(PosterTest, RefusesAddressesThatAreNotPublic)
{
    const auto result = post("/ok", {});
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.error.find("not public"), std::string::npos);
    EXPECT_EQ(seen.body, "");
}

TEST_F(PosterTest, SpeaksNothingButHttp)
{
    Poster poster({true, ""});
    std::string error;
    poster.start({"file:///etc/hostname", "", {}, 300ms}, [&](const auto &r) { error = r.error; });
    while (poster.under_way())
        poster.wait(1s, -1);
    EXPECT_NE(error, "");
}

TEST_F(PosterTest, ManyAtATime)
{
    Poster poster({true, ""});
    int done = 0;
    for (int i = 0; i < 20; i++)
        poster.start({"http://127.0.0.1:" + std::to_string(port) + "/ok", "{}", {}, 5s},
                     [&](const PostResult &r) { done += r.error.empty(); });
    while (poster.under_way())
        poster.wait(1s, -1);
    EXPECT_EQ(done, 20);
}

} // namespace
