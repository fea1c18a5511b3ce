// Naming of tenants' schemas, and composing of search paths.
// SPDX-License-Identifier: PostgreSQL
#include "core/search_path.hpp"

#include <cstdint>

namespace tenancy::core
{

namespace
{

__extension__ using Hash = unsigned __int128;

// FNV-1a of 128 bits: the same on every machine, since a dump may be restored on another.
constexpr Hash hash(std::string_view text) noexcept
{
    constexpr Hash kPrime = (Hash{1} << 88) + 0x13B;
    Hash value = (Hash{0x6C62272E07BB0142} << 64) + 0x62B821756295C58D;
    for (char c : text)
        value = (value ^ static_cast<unsigned char>(c)) * kPrime;
    return value;
}

constexpr size_t kLongestPlainId = 55;
constexpr size_t kKeptOfLongId = 23;

char *append(char *out, std::string_view text) noexcept
{
    for (char c : text)
        *out++ = c;
    return out;
}

constexpr bool is_space(char c) noexcept
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// One element of a list of identifiers, as it is written and as it is meant.
struct Element
{
    std::string_view written;
    char name[kSchemaNameSize];
    size_t length;

    bool is(std::string_view other) const { return std::string_view(name, length) == other; }
};

// Takes the next element off the list; false at its end. The server has checked the list.
bool next_element(std::string_view *rest, Element *element) noexcept
{
    size_t at = 0;
    while (at < rest->size() && (is_space((*rest)[at]) || (*rest)[at] == ','))
        at++;
    if (at == rest->size())
        return false;
    const size_t begin = at;
    element->length = 0;
    const auto add = [element](char c) {
        if (element->length < kSchemaNameSize - 1)
            element->name[element->length++] = c;
    };
    if ((*rest)[at] == '"')
    {
        for (at++; at < rest->size(); at++)
        {
            if ((*rest)[at] == '"' && !(at + 1 < rest->size() && (*rest)[at + 1] == '"'))
                break;
            at += (*rest)[at] == '"';
            add((*rest)[at]);
        }
        at += at < rest->size();
    }
    else
        for (; at < rest->size() && (*rest)[at] != ',' && !is_space((*rest)[at]); at++)
        {
            const char c = (*rest)[at];
            add(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
        }
    // Not substr(), which could throw.
    element->written = std::string_view(rest->data() + begin, at - begin);
    rest->remove_prefix(at);
    return true;
}

} // namespace

void schema_name(std::string_view key, char name[kSchemaNameSize]) noexcept
{
    char *out = append(name, kSchemaPrefix);
    if (key.size() <= kLongestPlainId)
        out = append(out, key);
    else
    {
        out = append(out, std::string_view(key.data(), kKeptOfLongId));
        *out++ = '_';
        const Hash value = hash(key);
        for (int shift = 124; shift >= 0; shift -= 4)
            *out++ = "0123456789abcdef"[static_cast<unsigned>(value >> shift) & 15];
    }
    *out = '\0';
}

size_t compose_search_path(std::string_view path, std::string_view template_name,
                           std::string_view schema, char *out) noexcept
{
    Element element;
    std::string_view rest = path;
    bool has_template = false;
    while (!template_name.empty() && !has_template && next_element(&rest, &element))
        has_template = element.is(template_name);

    char *end = out;
    bool is_placed = false;
    const auto add = [&end, out](std::string_view written, const char *quote) {
        end = append(end, end == out ? "" : ", ");
        end = append(append(append(end, quote), written), quote);
    };
    for (rest = path; next_element(&rest, &element);)
    {
        const bool is_template = has_template && element.is(template_name);
        const bool is_place =
            has_template ? is_template : element.is("$user") || element.is("public");
        if (is_place && !is_placed)
            add(schema, "\"");
        is_placed = is_placed || is_place;
        if (!is_template)
            add(element.written, "");
    }
    *end = '\0';
    return static_cast<size_t>(end - out);
}

} // namespace tenancy::core
