// Posts to many URLs at a time (libcurl), guardedly.
// SPDX-License-Identifier: PostgreSQL
#include "poster.hpp"

#include "error.hpp"
#include "version.hpp"

#include <curl/curl.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>

namespace tenancyd
{

namespace
{

struct Block
{
    uint32_t address;
    int bits;
};

// RFC 6890 and its registry: what is not globally reachable, and multicast.
constexpr Block kNotPublic[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
    {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
};

bool is_public_v4(uint32_t address)
{
    return std::none_of(std::begin(kNotPublic), std::end(kNotPublic), [&](const Block &block) {
        return (address ^ block.address) >> (32 - block.bits) == 0;
    });
}

uint32_t four_bytes(const uint8_t *bytes)
{
    return uint32_t(bytes[0]) << 24 | uint32_t(bytes[1]) << 16 | uint32_t(bytes[2]) << 8 | bytes[3];
}

bool is_public_v6(const in6_addr &address)
{
    const uint8_t *bytes = address.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address))
        return is_public_v4(four_bytes(bytes + 12));
    const uint32_t head = four_bytes(bytes);
    if (head == 0x0064FF9B) // NAT64, whose local form (…:1::/48) is not public either
        return bytes[4] == 0 && bytes[5] == 0 && is_public_v4(four_bytes(bytes + 12));
    if (head >> 16 == 0x2002) // 6to4
        return is_public_v4(four_bytes(bytes + 2));
    // Global unicast is 2000::/3, but for Teredo and the other special uses in 2001::/23, and
    // documentation.
    return head >> 29 == 1 && head >> 9 != 0x20010000 >> 9 && head != 0x20010DB8 &&
           head >> 12 != 0x3FFF0000 >> 12;
}

} // namespace

bool is_public(const sockaddr &address)
{
    if (address.sa_family == AF_INET)
        return is_public_v4(ntohl(reinterpret_cast<const sockaddr_in &>(address).sin_addr.s_addr));
    return address.sa_family == AF_INET6 &&
           is_public_v6(reinterpret_cast<const sockaddr_in6 &>(address).sin6_addr);
}

struct Poster::Implementation
{
    struct Transfer
    {
        CURL *handle;
        curl_slist *headers = nullptr;
        std::string body;
        Done done;
        bool refused = false;
        size_t received = 0;
        char reason[CURL_ERROR_SIZE] = "";
        bool private_addresses;

        ~Transfer()
        {
            curl_easy_cleanup(handle);
            curl_slist_free_all(headers);
        }
    };

    // Asked with the address that is connected to, so a name cannot mean another one meanwhile.
    static curl_socket_t open_socket(void *transfer, curlsocktype, curl_sockaddr *address)
    {
        auto &self = *static_cast<Transfer *>(transfer);
        if (!self.private_addresses && !is_public(address->addr))
        {
            self.refused = true;
            return CURL_SOCKET_BAD;
        }
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }

    // The status is all we ask for. The rest is read for the connection's sake, up to here; a receiver
    // that goes on and on has answered all the same.
    static constexpr size_t kMostReceived = 65536;
    static size_t ignore(char *, size_t size, size_t count, void *transfer)
    {
        auto &self = *static_cast<Transfer *>(transfer);
        self.received += size * count;
        return self.received <= kMostReceived ? size * count : 0;
    }

    ~Implementation()
    {
        for (auto &[handle, transfer] : transfers)
            curl_multi_remove_handle(multi, handle);
        transfers.clear();
        curl_multi_cleanup(multi);
    }

    void finish(CURL *handle, CURLcode code);

    PosterOptions options;
    CURLM *multi;
    std::map<CURL *, std::unique_ptr<Transfer>> transfers;
};

Poster::Poster(const PosterOptions &options)
    : implementation_(new Implementation{options, nullptr, {}})
{
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    implementation_->multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
    if (!implementation_->multi)
        throw Error("could not initialise libcurl");
}

Poster::~Poster() = default;

size_t Poster::under_way() const
{
    return implementation_->transfers.size();
}

void Poster::start(const Post &post, Done done)
{
    auto transfer = std::make_unique<Implementation::Transfer>();
    CURL *handle = transfer->handle = curl_easy_init();
    if (!handle)
        throw std::bad_alloc();
    transfer->body = post.body;
    transfer->done = std::move(done);
    transfer->private_addresses = implementation_->options.private_addresses;
    for (const auto &header : post.headers)
        transfer->headers = curl_slist_append(transfer->headers, header.c_str());
    transfer->headers = curl_slist_append(transfer->headers, "Expect:");

    auto set = [&](CURLoption option, auto value) {
        if (curl_easy_setopt(handle, option, value) != CURLE_OK)
            throw Error("could not prepare a request: libcurl refuses option " +
                        std::to_string(option));
    };
    set(CURLOPT_URL, post.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, long(CURL_NETRC_IGNORED));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!implementation_->options.ca_file.empty())
        set(CURLOPT_CAINFO, implementation_->options.ca_file.c_str());
    set(CURLOPT_POSTFIELDS, transfer->body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(transfer->body.size()));
    set(CURLOPT_HTTPHEADER, transfer->headers);
    set(CURLOPT_USERAGENT, ("tenancyd/" + std::string(kVersion)).c_str());
    set(CURLOPT_TIMEOUT_MS, long(post.timeout.count()));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_WRITEFUNCTION, &Implementation::ignore);
    set(CURLOPT_WRITEDATA, static_cast<void *>(transfer.get()));
    set(CURLOPT_OPENSOCKETFUNCTION, &Implementation::open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void *>(transfer.get()));
    set(CURLOPT_ERRORBUFFER, &transfer->reason[0]);
    if (curl_multi_add_handle(implementation_->multi, handle) != CURLM_OK)
        throw Error("could not start a request");
    implementation_->transfers.emplace(handle, std::move(transfer));
}

void Poster::Implementation::finish(CURL *handle, CURLcode code)
{
    auto node = transfers.extract(handle);
    curl_multi_remove_handle(multi, handle);
    Transfer &transfer = *node.mapped();
    PostResult result;
    long status = 0;
    double seconds = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME, &seconds);
    result.took = std::chrono::duration<double>(seconds);
    const bool cut = code == CURLE_WRITE_ERROR && transfer.received > kMostReceived;
    if (code != CURLE_OK && !cut)
        result.error = transfer.refused     ? "the address is not public (see --webhook-private)"
                       : transfer.reason[0] ? transfer.reason
                                            : curl_easy_strerror(code);
    else if (status < 200 || status > 299)
        result.error = "HTTP status " + std::to_string(status) +
                       (status / 100 == 3 ? " (redirects are not followed)" : "");
    result.status = static_cast<int>(status);
    transfer.done(result);
}

bool Poster::wait(std::chrono::milliseconds most, int wake_fd)
{
    auto &self = *implementation_;
    curl_waitfd wake{wake_fd, CURL_WAIT_POLLIN, 0};
    int running = 0;
    curl_multi_perform(self.multi, &running);
    // What is done already has no socket left to wait for.
    const bool some_done = running < static_cast<int>(self.transfers.size());
    curl_multi_poll(self.multi, &wake, wake_fd >= 0 ? 1 : 0,
                    some_done ? 0 : static_cast<int>(most.count()), nullptr);
    curl_multi_perform(self.multi, &running);
    // First all, since what is done may start another.
    std::vector<std::pair<CURL *, CURLcode>> done;
    for (int left = 0; const CURLMsg *message = curl_multi_info_read(self.multi, &left);)
        if (message->msg == CURLMSG_DONE)
            done.emplace_back(message->easy_handle, message->data.result);
    for (const auto &[handle, code] : done)
        self.finish(handle, code);
    return wake.revents != 0;
}

} // namespace tenancyd
