// Combining the settings that say who the session is, and checking them where they are set.
// SPDX-License-Identifier: PostgreSQL
#include "claim.hpp"

#include "guc.hpp"

namespace tenancy::claim
{

constinit const char *present = nullptr;

namespace
{

// The "extra" of the setting: what the assign hook needs, so that it can do no wrong.
struct Setting
{
    char key[registry::kNameSize];
};

constinit const Setting *named = nullptr;
constinit const token::Proof *shown = nullptr;
constinit const Setting *pin = nullptr;
constinit bool only_tokens = false;

const char *allowed_by_pin(const char *key)
{
    return key == nullptr || pin == nullptr || strcmp(key, pin->key) == 0 ? key : nullptr;
}

const char *combine(const Setting *setting, const token::Proof *token, bool no_settings)
{
    if (token != nullptr)
        return allowed_by_pin(token->key);
    return setting == nullptr || no_settings ? nullptr : allowed_by_pin(setting->key);
}

// The session itself asks, at its start or later: the server's own settings are judged only when
// they take effect.
bool is_said_by_session(GucSource source)
{
    return source == PGC_S_CLIENT || (source >= PGC_S_INTERACTIVE && source != PGC_S_TEST);
}

bool refuse(int sqlstate, const char *message, const char *detail, const char *hint)
{
    GUC_check_errcode(sqlstate);
    GUC_check_errmsg("%s", message);
    if (detail != nullptr)
        GUC_check_errdetail("%s", detail);
    if (hint != nullptr)
        GUC_check_errhint("%s", hint);
    return false;
}

bool refuse_other_than_pinned()
{
    GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
    GUC_check_errmsg("the session is pinned to tenant \"%s\"", pin->key);
    GUC_check_errhint("Open another session.");
    return false;
}

// Made last, because the server frees no "extra" of a value that is refused.
template <typename Extra>
bool keep(const Extra &made, void **extra)
{
    *extra = pg::guc_extra_alloc(sizeof(Extra));
    if (*extra == nullptr)
        return refuse(ERRCODE_OUT_OF_MEMORY, "out of memory", nullptr, nullptr);
    memcpy(*extra, &made, sizeof(Extra));
    return true;
}

// What a worker of a parallel query gets from its leader instead of a token.
bool parse_proof(const char *value, token::Proof *made)
{
    long long until;
    char format[32];
    snprintf(format, sizeof(format), "%%%zus %%lld %%%zus", sizeof(made->key) - 1,
             sizeof(made->key_id) - 1);
    if (sscanf(value, format, made->key, &until, made->key_id) != 3)
        return false;
    made->valid_until = until;
    return true;
}

} // namespace

bool check_setting(const char *value, void **extra, GucSource source)
{
    if (value[0] == '\0')
        return true; // no tenant: always closed
    Setting made;
    const core::IdFault fault = core::check_tenant_id(value, made.key);
    if (fault != core::IdFault::none)
    {
        GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
        GUC_check_errmsg("invalid tenant id");
        GUC_check_errdetail("%s", fault == core::IdFault::too_long
                                      ? "A tenant id has at most 63 bytes."
                                  : fault == core::IdFault::first_character
                                      ? "A tenant id starts with an ASCII letter or digit."
                                      : "A tenant id consists of ASCII letters, digits and the "
                                        "characters - . _ : @ + ~.");
        return false;
    }
    if (!is_said_by_session(source) || InitializingParallelWorker)
        return keep(made, extra);
    if (only_tokens)
        return refuse(ERRCODE_INSUFFICIENT_PRIVILEGE, "only a token can set the tenant",
                      "tenancy.context is token.", "Use tenancy.set_tenant_token().");
    if (shown != nullptr && strcmp(made.key, shown->key) != 0)
        return refuse(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                      "the tenant is set by a token, and cannot be another", nullptr,
                      "RESET tenancy.token first.");
    if (pin != nullptr && strcmp(made.key, pin->key) != 0)
        return refuse_other_than_pinned();
    return keep(made, extra);
}

// Every refusal has a message of its own: the server's would show the token.
bool check_token(char *value, void **extra, GucSource source)
{
    if (value[0] == '\0')
        return true;
    token::Proof made{};
    if (InitializingParallelWorker)
        return parse_proof(value, &made)
                   ? keep(made, extra)
                   : refuse(ERRCODE_INTERNAL_ERROR, "invalid token of a parallel query", nullptr,
                            nullptr);
    if (!is_said_by_session(source))
        return refuse(ERRCODE_INVALID_PARAMETER_VALUE, "tokens are not kept anywhere",
                      "A token is set in a session or when it connects.", nullptr);
    if (!IsTransactionState() || !OidIsValid(MyDatabaseId) || !registry::is_installed())
        return refuse(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "tokens cannot be verified here",
                      "That needs the extension in this database.", nullptr);
    if (const token::Refusal *refusal = token::verify(value, &made))
        return refuse(refusal->sqlstate, refusal->message, refusal->detail, nullptr);
    if (pin != nullptr && strcmp(made.key, pin->key) != 0)
        return refuse_other_than_pinned();
    // What stands in the setting from now on; always shorter than the token that encodes it.
    char form[sizeof(token::Proof) + 32];
    const int size = snprintf(form, sizeof(form), "%s " INT64_FORMAT " %s", made.key,
                              made.valid_until, made.key_id);
    if (static_cast<size_t>(size) > strlen(value))
        return refuse(ERRCODE_INTERNAL_ERROR, "invalid token", nullptr, nullptr);
    if (!keep(made, extra))
        return false;
    // Nothing of the token is left behind what stands in front of it.
    memset(value + size, 0, strlen(value) - size);
    memcpy(value, form, size);
    return true;
}

bool check_pin(const char *value, void **extra, GucSource source)
{
    if (value[0] == '\0' && source == PGC_S_DEFAULT)
        return true;
    if (source != PGC_S_OVERRIDE && !InitializingParallelWorker)
        return refuse(ERRCODE_INSUFFICIENT_PRIVILEGE, "tenancy.pinned_tenant cannot be set",
                      nullptr, "Use tenancy.set_tenant() with pin => true.");
    if (value[0] == '\0')
        return true;
    Setting made;
    strlcpy(made.key, value, sizeof(made.key));
    return keep(made, extra);
}

void assign_setting(void *extra)
{
    named = static_cast<const Setting *>(extra);
    present = combine(named, shown, only_tokens);
}

void assign_token(void *extra)
{
    shown = static_cast<const token::Proof *>(extra);
    present = combine(named, shown, only_tokens);
}

void assign_pin(void *extra)
{
    pin = static_cast<const Setting *>(extra);
    present = combine(named, shown, only_tokens);
}

void assign_mode(int mode)
{
    only_tokens = mode == guc::kContextToken;
    present = combine(named, shown, only_tokens);
}

const char *key_if_named(const char *id)
{
    if (shown != nullptr || only_tokens)
        return present != nullptr ? present : "";
    return pin == nullptr || pg_strcasecmp(id, pin->key) == 0 ? id : "";
}

const char *key_if_proven(const void *token_extra)
{
    const char *key = combine(named, static_cast<const token::Proof *>(token_extra), only_tokens);
    return key != nullptr ? key : "";
}

const char *key_if_mode(int mode)
{
    const char *key = combine(named, shown, mode == guc::kContextToken);
    return key != nullptr ? key : "";
}

const token::Proof *proof()
{
    return present != nullptr ? shown : nullptr;
}

} // namespace tenancy::claim
