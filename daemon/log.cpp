// The program's log: standard error, one line an event, passwords taken out.
// SPDX-License-Identifier: PostgreSQL
#include "log.hpp"

#include "error.hpp"
#include "secret.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tenancyd
{

namespace
{

// Formats as the pattern says, then redacts: no call can forget to.
class RedactingFormatter : public spdlog::formatter
{
public:
    void format(const spdlog::details::log_msg &message, spdlog::memory_buf_t &buffer) override
    {
        spdlog::memory_buf_t line;
        pattern_.format(message, line);
        const std::string clean = redact({line.data(), line.size()});
        buffer.append(clean.data(), clean.data() + clean.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override
    {
        return std::make_unique<RedactingFormatter>();
    }

private:
    spdlog::pattern_formatter pattern_{"%Y-%m-%dT%H:%M:%S.%e%z %l %v"};
};

} // namespace

void setup_logging(const std::string &level)
{
    const auto parsed = spdlog::level::from_str(level);
    if (parsed == spdlog::level::off && level != "off") // what from_str() makes of any other word
        throw UsageError("\"" + level + "\" is not a log level", "",
                         "Write one of trace, debug, info, warning, error, off.");
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("tenancyd", sink);
    logger->set_formatter(std::make_unique<RedactingFormatter>());
    logger->set_level(parsed);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

} // namespace tenancyd
