// Keeps passwords out of everything the program writes.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <filesystem>
#include <string>

namespace tenancyd
{

// From here on redact() removes this text wherever it stands. Thread-safe.
void remember_secret(const std::string &secret);

// Replaces every remembered secret, and whatever looks like a password in a connection string
// (password=…, ://user:…@), by ***.
std::string redact(std::string text);

// Throws when others than its owner may read the file: the rule libpq has for private keys, 0600,
// or 0640 owned by root.
void require_private(const std::filesystem::path &file);

// The first line of a private file.
std::string read_password_file(const std::filesystem::path &file);

} // namespace tenancyd
