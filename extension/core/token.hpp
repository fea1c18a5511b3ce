// The text of signed tokens: its two forms, base64url, and when a token is valid.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenancy::core
{

// Longer ones are refused before anything is computed.
inline constexpr size_t kMaxTokenSize = 8192;
inline constexpr size_t kMaxKeyIdSize = 128;

enum class TokenForm { none, compact, jwt };

// The fields of a compact token, in order: v1.KID.TENANT.IAT.EXP.NBF.DATABASE.ROLE.JTI.SIGNATURE
enum CompactField {
    kVersionField,
    kKeyIdField,
    kTenantField,
    kIssuedField,
    kExpiresField,
    kNotBeforeField,
    kDatabaseField,
    kRoleField,
    kTokenIdField,
    kCompactFields
};

// A token cut up, nothing decoded. A compact token's signed text has eight dots and a JWT's has one,
// so that a signature of the one can never serve the other.
struct TokenParts
{
    TokenForm form = TokenForm::none;
    std::string_view signed_text;
    std::string_view signature;
    std::string_view header;                 // JWT
    std::string_view payload;                // JWT
    std::string_view fields[kCompactFields]; // compact
};

[[nodiscard]] TokenParts split_token(std::string_view token) noexcept;

// Decodes without padding and in the one canonical spelling; the number of bytes, or -1.
[[nodiscard]] int decode_base64url(std::string_view text, unsigned char *bytes,
                                   size_t capacity) noexcept;

// Seconds since 1970: digits, and a fraction that is dropped. Neither sign nor exponent, and no year
// past 9999.
[[nodiscard]] bool parse_numeric_date(std::string_view text, int64_t *seconds) noexcept;

// Printable ASCII without blanks, 1 to 128 bytes.
[[nodiscard]] bool is_key_id(std::string_view id) noexcept;

enum class Window { open, expired, not_yet };

// All in the same unit and epoch. The token is good from not_before - leeway until before
// expires + leeway.
[[nodiscard]] Window check_window(int64_t not_before, int64_t expires, int64_t now,
                                  int64_t leeway) noexcept;

// A setting's name that an application may have chosen: two or more words with dots between, none
// of them ours.
[[nodiscard]] bool is_custom_setting_name(std::string_view name) noexcept;

} // namespace tenancy::core
