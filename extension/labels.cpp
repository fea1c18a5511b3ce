// The tenant in the server's log and in pg_stat_activity.
// SPDX-License-Identifier: PostgreSQL
#include "labels.hpp"

#include "context.hpp"
#include "guc.hpp"

namespace tenancy::labels
{

constinit bool is_pending = false;

namespace
{

constinit bool is_shown = false;

pg_noinline void show_name(bool with_tenant)
{
    const char *application = application_name != nullptr ? application_name : "";
    is_shown = with_tenant;
    if (!with_tenant)
    {
        pgstat_report_appname(application);
        return;
    }
    // The tenant is shown whole, for as much of the application as there is room.
    char suffix[registry::kNameSize + 4];
    const int suffix_length = snprintf(suffix, sizeof(suffix), "%s[%s]",
                                       application[0] != '\0' ? " " : "", context::key());
    const int length = static_cast<int>(strlen(application));
    const int room = NAMEDATALEN - 1 - suffix_length;
    const int kept = room <= 0 ? 0 : pg_mbcliplen(application, length, room);
    char shown[NAMEDATALEN];
    snprintf(shown, sizeof(shown), "%.*s%s", kept, application, suffix);
    pgstat_report_appname(shown);
}

} // namespace

// A detail that goes to the log only has a place of its own, in all formats of the log; the line that
// is added is one word, for programs that read logs.
void mark(ErrorData *error)
{
    if (!guc::log_tenant || !context::is_set())
        return;
    const char *detail = error->detail_log != nullptr ? error->detail_log : error->detail;
    error->detail_log = detail != nullptr ? psprintf("%s\ntenant=%s", detail, context::key())
                                          : psprintf("tenant=%s", context::key());
}

void show()
{
    const bool is_wanted = guc::application_name_suffix && context::is_set();
    is_pending = is_wanted && !IsNormalProcessingMode();
    if (is_wanted || is_shown)
        show_name(is_wanted);
}

} // namespace tenancy::labels
