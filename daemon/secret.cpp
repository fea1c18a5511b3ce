// Keeps passwords out of everything the program writes.
// SPDX-License-Identifier: PostgreSQL
#include "secret.hpp"

#include "error.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>

namespace tenancyd
{

namespace
{

constexpr char kMask[] = "***";
constexpr char kBlank[] = " \t\r\n";

std::mutex mutex;
// The longest first: a secret may be part of another one.
auto longer = [](const std::string &a, const std::string &b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
};
std::set<std::string, decltype(longer)> secrets(longer);

void mask(std::string &text, size_t from, size_t to)
{
    text.replace(from, to - from, kMask);
}

// password=value, password = 'quoted value' and &password=value.
void mask_keyword(std::string &text)
{
    static const std::string keyword = "password";
    auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    for (auto from = text.begin();;)
    {
        auto found = std::search(from, text.end(), keyword.begin(), keyword.end(), same);
        if (found == text.end())
            return;
        size_t at = found - text.begin() + keyword.size();
        size_t equals = text.find_first_not_of(kBlank, at);
        size_t value = equals != text.npos && text[equals] == '='
                           ? text.find_first_not_of(kBlank, equals + 1)
                           : text.npos;
        if (value != text.npos)
        {
            size_t end = value;
            if (text[value] == '\'')
            {
                while (++end < text.size() && text[end] != '\'')
                    end += text[end] == '\\';
                end = std::min(end + 1, text.size());
            }
            else
            {
                end = std::min(text.find_first_of(" \t\r\n&", value), text.size());
            }
            mask(text, value, end);
            at = value + sizeof kMask - 1;
        }
        from = text.begin() + at;
    }
}

// scheme://user:password@
void mask_uri(std::string &text)
{
    for (size_t at = text.find("://"); at != text.npos; at = text.find("://", at))
    {
        at += 3;
        size_t end = std::min(text.find_first_of(" \t\r\n/", at), text.size());
        size_t host = text.rfind('@', end);
        size_t colon = text.find(':', at);
        if (host != text.npos && host > at && colon < host)
            mask(text, colon + 1, host);
    }
}

} // namespace

void remember_secret(const std::string &secret)
{
    std::lock_guard guard(mutex);
    if (!secret.empty())
        secrets.insert(secret);
}

std::string redact(std::string text)
{
    {
        std::lock_guard guard(mutex);
        for (const auto &secret : secrets)
            for (size_t at = text.find(secret); at != text.npos;
                 at = text.find(secret, at + sizeof kMask - 1))
                mask(text, at, at + secret.size());
    }
    mask_keyword(text);
    mask_uri(text);
    return text;
}

void require_private(const std::filesystem::path &file)
{
    struct stat info
    {};
    if (stat(file.c_str(), &info) != 0)
        throw Error("could not read file \"" + file.string() + "\": " + std::strerror(errno));
    const mode_t refused = info.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (S_ISREG(info.st_mode) && (info.st_mode & refused))
        throw UsageError("file \"" + file.string() +
                             "\" holds a password and has group or world access",
                         "It must have mode 0600 or less, or 0640 or less when root owns it.",
                         "Run chmod 0600 on it.");
}

std::string read_password_file(const std::filesystem::path &file)
{
    require_private(file);
    std::ifstream stream(file);
    std::string password;
    if (!std::getline(stream, password) && !stream.eof())
        throw Error("could not read file \"" + file.string() + "\": " + std::strerror(errno));
    if (!password.empty() && password.back() == '\r')
        password.pop_back();
    remember_secret(password);
    return password;
}

} // namespace tenancyd
