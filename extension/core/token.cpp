// Cutting and decoding of tokens.
// SPDX-License-Identifier: PostgreSQL
#include "core/token.hpp"

namespace tenancy::core
{

namespace
{

constexpr int64_t kEndOfYear9999 = 253402300799;

int sextet(char c) noexcept
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool is_word_character(char c, bool first) noexcept
{
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (!first && ((c >= '0' && c <= '9') || c == '$'));
}

std::string_view part(std::string_view text, size_t from, size_t to) noexcept
{
    return {text.data() + from, to - from}; // substr() may throw
}

} // namespace

TokenParts split_token(std::string_view token) noexcept
{
    TokenParts parts;
    size_t dots[kCompactFields];
    size_t count = 0;
    for (size_t i = 0; i < token.size(); i++)
    {
        if (token[i] != '.')
            continue;
        if (count == kCompactFields)
            return parts;
        dots[count++] = i;
    }
    if (count != 2 && count != kCompactFields)
        return parts;
    const size_t last = dots[count - 1];
    parts.signed_text = part(token, 0, last);
    parts.signature = part(token, last + 1, token.size());
    if (count == 2)
    {
        parts.form = TokenForm::jwt;
        parts.header = part(token, 0, dots[0]);
        parts.payload = part(token, dots[0] + 1, dots[1]);
        return parts;
    }
    size_t start = 0;
    for (size_t i = 0; i < kCompactFields; i++)
    {
        parts.fields[i] = part(token, start, dots[i]);
        start = dots[i] + 1;
    }
    if (parts.fields[kVersionField] == "v1")
        parts.form = TokenForm::compact;
    return parts;
}

int decode_base64url(std::string_view text, unsigned char *bytes, size_t capacity) noexcept
{
    if (text.size() % 4 == 1 || text.size() / 4 * 3 + 2 > capacity)
        return -1;
    uint32_t bits = 0;
    int held = 0;
    int count = 0;
    for (const char c : text)
    {
        const int value = sextet(c);
        if (value < 0)
            return -1;
        bits = bits << 6 | static_cast<uint32_t>(value);
        held += 6;
        if (held >= 8)
        {
            held -= 8;
            bytes[count++] = static_cast<unsigned char>(bits >> held);
            bits &= (1U << held) - 1;
        }
    }
    // Bits left over would let one token be spelt in several ways.
    return bits == 0 ? count : -1;
}

bool parse_numeric_date(std::string_view text, int64_t *seconds) noexcept
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; i++)
    {
        value = value * 10 + (text[i] - '0');
        if (value > kEndOfYear9999)
            return false;
    }
    if (i == 0)
        return false;
    if (i < text.size())
    {
        if (text[i] != '.' || i + 1 == text.size())
            return false;
        for (i++; i < text.size(); i++)
            if (text[i] < '0' || text[i] > '9')
                return false;
    }
    *seconds = value;
    return true;
}

bool is_key_id(std::string_view id) noexcept
{
    if (id.empty() || id.size() > kMaxKeyIdSize)
        return false;
    for (const char c : id)
        if (c < 0x21 || c > 0x7e)
            return false;
    return true;
}

Window check_window(int64_t not_before, int64_t expires, int64_t now, int64_t leeway) noexcept
{
    if (now >= expires + leeway)
        return Window::expired;
    return now < not_before - leeway ? Window::not_yet : Window::open;
}

bool is_custom_setting_name(std::string_view name) noexcept
{
    constexpr std::string_view own = "tenancy.";
    if (name.size() > 63)
        return false;
    bool first = true;
    int words = 1;
    for (const char c : name)
    {
        if (c == '.')
        {
            if (first)
                return false;
            words++;
            first = true;
            continue;
        }
        if (!is_word_character(c, first))
            return false;
        first = false;
    }
    if (first || words < 2)
        return false;
    if (name.size() < own.size())
        return true;
    for (size_t i = 0; i < own.size(); i++)
    {
        const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
        if (c != own[i])
            return true;
    }
    return false;
}

} // namespace tenancy::core
