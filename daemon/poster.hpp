// Posts to many URLs at a time (libcurl), guardedly.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct sockaddr;

namespace tenancyd
{

struct Post
{
    std::string url, body;
    std::vector<std::string> headers; // "Name: value"
    std::chrono::milliseconds timeout;
};

struct PostResult
{
    int status = 0;    // of HTTP; 0: there was no answer
    std::string error; // empty: the status is 200 to 299
    std::chrono::duration<double> took{0};
};

struct PosterOptions
{
    bool private_addresses = false; // may it connect to what is not public?
    std::string ca_file{};          // certificates to trust instead of the machine's
};

// Whether everybody on the Internet would reach the same machine by this address: not loopback,
// private, link-local, multicast, reserved, nor IPv4 wrapped in IPv6 that is one of these.
bool is_public(const sockaddr &address);

// Follows no redirects, uses no proxy, verifies certificates, reads no more of an answer than it
// has to. Belongs to one thread.
class Poster
{
public:
    using Done = std::function<void(const PostResult &)>;

    explicit Poster(const PosterOptions &options);
    ~Poster(); // what is under way is given up

    void start(const Post &post, Done done);
    size_t under_way() const;

    // Waits until something can be done, at most so long, and calls what is done. True when wake_fd
    // (-1: none) became readable.
    bool wait(std::chrono::milliseconds most, int wake_fd);

private:
    struct Implementation; // keeps curl.h out of the others
    std::unique_ptr<Implementation> implementation_;
};

} // namespace tenancyd
