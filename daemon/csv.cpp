// Reads CSV (RFC 4180, strictly; libcsv parses) and knows the line of everything.
// SPDX-License-Identifier: PostgreSQL
//
// libcsv does not count lines, so the text is handed to it line by line: a row that is still open
// after a line goes on in the next one.
#include "csv.hpp"

#include <csv.h>

#include <new>
#include <utility>

namespace tenancyd::csv
{

namespace
{

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Parser
{
public:
    Parser() { start(); }
    ~Parser() { csv_free(&parser_); }
    Parser(const Parser &) = delete;
    Parser &operator=(const Parser &) = delete;

    // False when the line breaks the rules.
    bool feed(std::string_view line)
    {
        return check(csv_parse(&parser_, line.data(), line.size(), on_field, on_row, this) ==
                     line.size());
    }
    // False when a quoted field is still open.
    bool finish() { return check(csv_fini(&parser_, on_field, on_row, this) == 0); }

    void restart()
    {
        csv_free(&parser_);
        start();
        fields_.clear();
    }

    // Whether a row ended since the last call, and its fields.
    bool take_row(std::vector<std::string> &fields)
    {
        if (!row_ended_)
            return false;
        row_ended_ = false;
        fields = std::exchange(fields_, {});
        return true;
    }

private:
    void start()
    {
        if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0)
            throw std::bad_alloc();
        csv_set_space_func(&parser_, [](unsigned char) { return 0; });
        row_ended_ = false;
    }

    bool check(bool good)
    {
        if (!good && csv_error(&parser_) != CSV_EPARSE)
            throw std::bad_alloc();
        return good;
    }

    static void on_field(void *data, size_t size, void *self)
    {
        static_cast<Parser *>(self)->fields_.emplace_back(static_cast<const char *>(data), size);
    }
    static void on_row(int, void *self) { static_cast<Parser *>(self)->row_ended_ = true; }

    csv_parser parser_;
    std::vector<std::string> fields_;
    bool row_ended_;
};

// Each line with its end: LF, CR LF or a lone CR.
std::vector<std::string_view> split_lines(std::string_view text)
{
    std::vector<std::string_view> lines;
    while (!text.empty())
    {
        size_t end = text.find_first_of("\r\n");
        if (end != text.npos)
            end += text.substr(end, 2) == "\r\n" ? 2 : 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(lines.back().size());
    }
    return lines;
}

bool is_blank(std::string_view line)
{
    return line.find_first_not_of("\r\n") == line.npos;
}

} // namespace

Document parse(std::string_view text)
{
    if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
        text.remove_prefix(kByteOrderMark.size());
    const auto lines = split_lines(text);

    Document document;
    Parser parser;
    std::vector<std::string> fields;
    constexpr size_t kNone = -1;
    size_t begin = kNone; // the index of the line where the open row began

    for (size_t i = 0; i < lines.size(); i++)
    {
        if (begin == kNone && is_blank(lines[i]))
            continue;
        if (begin == kNone)
            begin = i;
        const bool last = i + 1 == lines.size();
        const bool good = parser.feed(lines[i]);
        const bool closed = good && (!last || parser.finish());
        if (!closed)
        {
            std::string message = !good ? "a quote stands where none may stand"
                                        : "a quoted field is not closed before the end of the file";
            if (!good && i != begin)
                message += " (on line " + std::to_string(i + 1) + " of a row that begins here)";
            document.problems.push_back({begin + 1, message});
            i = std::exchange(begin, kNone); // go on after the row's first line
            parser.restart();
        }
        else if (parser.take_row(fields))
        {
            document.rows.push_back({std::exchange(begin, kNone) + 1, std::move(fields)});
        }
    }
    return document;
}

} // namespace tenancyd::csv
