// Tenant id syntax: validation, case folding, canonical numbers and uuids.
// SPDX-License-Identifier: PostgreSQL
#include "core/tenant_id.hpp"

namespace tenancy::core
{

namespace
{

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

constexpr bool is_alphanumeric(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Each character in lower case; 0 = not allowed.
struct Folding
{
    char of[256]{};

    constexpr Folding() noexcept
    {
        for (char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyz-._:@+~"))
            of[static_cast<unsigned char>(c)] = c;
        for (char c = 'A'; c <= 'Z'; c++)
            of[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
    }
};
constexpr Folding kFolding;

constexpr char folded(char c) noexcept
{
    return kFolding.of[static_cast<unsigned char>(c)];
}

constexpr int hex_value(char c) noexcept
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

} // namespace

IdFault check_tenant_id(std::string_view id, char *key) noexcept
{
    if (id.empty())
        return IdFault::empty;
    if (id.size() > kMaxTenantIdLength)
        return IdFault::too_long;
    if (!is_alphanumeric(id.front()))
        return IdFault::first_character;
    fold_tenant_id(id, key);
    return __builtin_strlen(key) == id.size() ? IdFault::none : IdFault::character;
}

void fold_tenant_id(std::string_view id, char *key) noexcept
{
#pragma GCC unroll 4
    for (size_t i = 0; i < id.size(); i++)
        key[i] = folded(id[i]);
    key[id.size()] = '\0';
}

bool parse_number(std::string_view id, int64_t *value) noexcept
{
    if (id.empty() || (id.front() == '0' && id.size() > 1))
        return false;
    int64_t number = 0;
    for (char c : id)
    {
        if (!is_digit(c) || __builtin_mul_overflow(number, int64_t{10}, &number) ||
            __builtin_add_overflow(number, int64_t{c - '0'}, &number))
            return false;
    }
    *value = number;
    return true;
}

bool parse_uuid(std::string_view id, unsigned char bytes[16]) noexcept
{
    if (id.size() != 36)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < 36;)
    {
        if (i == 8 || i == 13 || i == 18 || i == 23)
        {
            if (id[i++] != '-')
                return false;
            continue;
        }
        const int high = hex_value(id[i]), low = hex_value(id[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[at++] = static_cast<unsigned char>(high << 4 | low);
        i += 2;
    }
    return true;
}

} // namespace tenancy::core
