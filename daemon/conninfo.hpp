// Connection strings: what they hold, and the parameters a connection is made with.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <map>
#include <string>

namespace tenancyd
{

using ConnectionParameters = std::map<std::string, std::string>;

// Splits a connection string (URI, keyword = value, or a bare database name) the way libpq does.
// The text of an error never holds the string itself.
ConnectionParameters parse_conninfo(const std::string &dsn);

bool has_password(const ConnectionParameters &parameters);

// Adds what tenancyd insists on (application_name, search_path, client_encoding, time limits), and
// remembers the passwords as secrets.
ConnectionParameters complete_parameters(ConnectionParameters parameters,
                                         const std::string &password);

} // namespace tenancyd
