// What a tenant id may look like, and its forms as number and uuid.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenancy::core
{

// 63 bytes: poolers that replay the setting quote it into small buffers, and skip it silently
// when it does not fit, which would leave the previous client's tenant in place.
inline constexpr size_t kMaxTenantIdLength = 63;

enum class IdFault { none, empty, too_long, first_character, character };

// A letter or digit, then letters, digits and - . _ : @ + ~ (all ASCII). No quotes, blanks,
// control characters or wildcards: an id stands in settings, log lines, labels and paths.
// Ids are unique without regard to (ASCII) case; the key is the lower-case form, zero-terminated.
// `key` has room for any id's, and has one if there is no fault.
[[nodiscard]] IdFault check_tenant_id(std::string_view id, char *key) noexcept;

// The key of what is an id; `key` holds at least id.size() + 1 bytes.
void fold_tenant_id(std::string_view id, char *key) noexcept;

// Only the canonical spelling counts as a number or a uuid: if '7' and '007' both meant 7, two
// tenants would share the rows of a bigint column.
[[nodiscard]] bool parse_number(std::string_view id, int64_t *value) noexcept;
[[nodiscard]] bool parse_uuid(std::string_view id, unsigned char bytes[16]) noexcept;

} // namespace tenancy::core
