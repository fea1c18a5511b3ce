// Verification of tokens: cut, find the key, check the signature, and only then believe the claims.
// SPDX-License-Identifier: PostgreSQL
#include "token.hpp"

#include "crypto.hpp"
#include "guc.hpp"
#include "json.hpp"
#include "replay.hpp"
#include "scans.hpp"

namespace tenancy::token
{

namespace
{

using std::string_view;

// Columns of tenancy.token_secrets; upgrades only append.
enum SecretColumn : AttrNumber { kKeyId = 1, kAlgorithm = 2, kKey = 3, kRetiresAt = 4 };

constexpr int kInvalid = ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
constexpr char kMessage[] = "invalid token";
constexpr Refusal kMalformed{kInvalid, kMessage,
                             "It is neither a compact token nor a JSON Web Token."};
constexpr Refusal kTooLong{kInvalid, kMessage, "A token has at most 8192 bytes."};
constexpr Refusal kNoKeyId{kInvalid, kMessage, "Its header names no key (kid)."};
constexpr Refusal kUnknownKey{kInvalid, kMessage, "No key in use has its key id."};
constexpr Refusal kOtherAlgorithm{kInvalid, kMessage,
                                  "Its header names another algorithm than its key has."};
constexpr Refusal kCritical{kInvalid, kMessage,
                            "Its header asks for extensions (crit), and none is supported."};
constexpr Refusal kBadSignature{kInvalid, kMessage, "The signature is not that of its key."};
constexpr Refusal kBadClaims{kInvalid, kMessage,
                             "Its claims are not a JSON object that has each member once."};
constexpr Refusal kNoTenant{kInvalid, kMessage,
                            "The claim named by tenancy.token_claim is missing or no tenant id."};
constexpr Refusal kBadDates{kInvalid, kMessage,
                            "It needs an expiry (exp); dates are seconds since 1970."};
constexpr Refusal kBadText{kInvalid, kMessage, "The claims database, role and jti are texts."};
constexpr Refusal kOtherAudience{kInvalid, kMessage,
                                 "It is not meant for the audience tenancy.token_audience."};
constexpr Refusal kOtherDatabase{kInvalid, kMessage, "It is bound to another database."};
constexpr Refusal kOtherRole{kInvalid, kMessage, "It is bound to another role."};
constexpr Refusal kNotYet{kInvalid, "token is not valid yet", nullptr};
constexpr Refusal kExpired{kInvalid, "token has expired", nullptr};
constexpr Refusal kUsed{kInvalid, "token has been used", "Tokens are good for one use."};
constexpr Refusal kNoTokenId{kInvalid, kMessage,
                             "Tokens are good for one use, and need an id (jti) and date (iat)."};
constexpr Refusal kTooOld{kInvalid, kMessage,
                          "It was issued before the server started, which does not know whether "
                          "it has been used."};
constexpr Refusal kFull{ERRCODE_OUT_OF_MEMORY, "too many single-use tokens in use",
                        "tenancy.max_used_tokens of them have not expired yet."};
constexpr Refusal kNoMemory{ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                            "single-use tokens need the library preloaded",
                            "Their use is remembered in shared memory."};

struct Secret
{
    bool usable;
    crypto::Algorithm algorithm;
    TimestampTz retires_at;
    string_view key;
};

// All of a token that is kept once its signature was found good.
struct Claims
{
    Proof proof;
    char role[NAMEDATALEN]; // "" = any
    char token_id[256];     // "" = none
    int64 issued;           // microseconds, as the server counts; 0 = not said
    int64 not_before;
    int64 expires;
    TimestampTz retires_at;
};

// The last token that was verified. Kept only while nothing in the registry moves.
constinit char cached_text[core::kMaxTokenSize];
constinit size_t cached_size = 0;
constinit uint64 cached_generation = 0;
constinit char cached_rules[3 * NAMEDATALEN]{};
constinit Claims cached_claims{};

Secret read_secret(const char *key_id)
{
    const registry::Relations &oids = registry::relations();
    Secret secret{};
    const scans::Scan scan = scans::open(oids.token_secrets, oids.token_secrets_key, F_TEXTEQ,
                                         CStringGetTextDatum(key_id));
    if (scans::next(scan))
    {
        bool is_null;
        char *algorithm = TextDatumGetCString(slot_getattr(scan.slot, kAlgorithm, &is_null));
        secret.usable = true;
        secret.algorithm = strcmp(algorithm, "HS256") == 0   ? crypto::Algorithm::hs256
                           : strcmp(algorithm, "EdDSA") == 0 ? crypto::Algorithm::eddsa
                                                             : crypto::Algorithm::rs256;
        bytea *key = DatumGetByteaPCopy(slot_getattr(scan.slot, kKey, &is_null));
        secret.key = {VARDATA(key), VARSIZE(key) - VARHDRSZ};
        const Datum retires_at = slot_getattr(scan.slot, kRetiresAt, &is_null);
        secret.retires_at = is_null ? PG_INT64_MAX : DatumGetTimestampTz(retires_at);
    }
    scans::close(scan);
    return secret;
}

const char *name_of(crypto::Algorithm algorithm)
{
    return algorithm == crypto::Algorithm::hs256   ? "HS256"
           : algorithm == crypto::Algorithm::eddsa ? "EdDSA"
                                                   : "RS256";
}

// A palloc'd, zero-terminated copy of what is encoded, or nullptr; its size includes no zero.
char *decode(string_view text, int *size)
{
    const size_t capacity = text.size() / 4 * 3 + 3;
    auto *bytes = static_cast<unsigned char *>(palloc(capacity + 1));
    *size = core::decode_base64url(text, bytes, capacity);
    if (*size < 0)
        return nullptr;
    bytes[*size] = '\0';
    return reinterpret_cast<char *>(bytes);
}

// The same where no zero byte may be inside.
char *decode_text(string_view text)
{
    int size;
    char *decoded = decode(text, &size);
    return decoded != nullptr && strlen(decoded) == static_cast<size_t>(size) ? decoded : nullptr;
}

bool parse_date(string_view text, int64 *instant)
{
    int64 seconds;
    if (!core::parse_numeric_date(text, &seconds))
        return false;
    constexpr int64 epochs = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * int64{SECS_PER_DAY};
    *instant = (seconds - epochs) * USECS_PER_SEC;
    return true;
}

bool keep_text(char *target, size_t size, const char *source)
{
    return source != nullptr && strlcpy(target, source, size) < size;
}

// Claims as texts, of either form; nullptr for those that are missing.
struct RawClaims
{
    const char *tenant;
    const char *expires;
    const char *not_before;
    const char *issued;
    const char *database;
    const char *role;
    const char *token_id;
};

const Refusal *check_claims(const RawClaims &raw, Claims *claims)
{
    if (raw.tenant == nullptr ||
        core::check_tenant_id(raw.tenant, claims->proof.key) != core::IdFault::none)
        return &kNoTenant;
    if (raw.expires == nullptr || !parse_date(raw.expires, &claims->expires))
        return &kBadDates;
    claims->not_before = PG_INT64_MIN / 2;
    claims->issued = 0;
    if ((raw.not_before != nullptr && !parse_date(raw.not_before, &claims->not_before)) ||
        (raw.issued != nullptr && !parse_date(raw.issued, &claims->issued)))
        return &kBadDates;
    if ((raw.role != nullptr && !keep_text(claims->role, sizeof(claims->role), raw.role)) ||
        (raw.token_id != nullptr &&
         !keep_text(claims->token_id, sizeof(claims->token_id), raw.token_id)))
        return &kBadText;
    if (raw.database != nullptr && strcmp(raw.database, get_database_name(MyDatabaseId)) != 0)
        return &kOtherDatabase;
    return nullptr;
}

const Refusal *read_compact(const core::TokenParts &parts, Claims *claims)
{
    RawClaims raw{};
    char dates[3][32];
    const core::CompactField date_fields[] = {core::kExpiresField, core::kNotBeforeField,
                                              core::kIssuedField};
    const char **date_claims[] = {&raw.expires, &raw.not_before, &raw.issued};
    for (int i = 0; i < 3; i++)
    {
        const string_view field = parts.fields[date_fields[i]];
        if (field.size() >= sizeof(dates[i]))
            return &kBadDates;
        if (field.empty())
            continue;
        memcpy(dates[i], field.data(), field.size());
        dates[i][field.size()] = '\0';
        *date_claims[i] = dates[i];
    }
    const core::CompactField text_fields[] = {core::kTenantField, core::kDatabaseField,
                                              core::kRoleField, core::kTokenIdField};
    const char **text_claims[] = {&raw.tenant, &raw.database, &raw.role, &raw.token_id};
    for (int i = 0; i < 4; i++)
    {
        const string_view field = parts.fields[text_fields[i]];
        if (field.empty())
            continue;
        *text_claims[i] = decode_text(field);
        if (*text_claims[i] == nullptr)
            return &kMalformed;
    }
    return check_claims(raw, claims);
}

const Refusal *read_jwt(const core::TokenParts &parts, Claims *claims)
{
    json::Object object{
        {{guc::token_claim}, {"exp"}, {"nbf"}, {"iat"}, {"database"}, {"role"}, {"jti"}, {"aud"}},
        8};
    object.wanted_element = guc::token_audience;
    int size;
    char *payload = decode(parts.payload, &size);
    if (payload == nullptr || !json::read(payload, size, &object))
        return &kBadClaims;
    const json::Kind kinds[] = {json::Kind::string, json::Kind::number, json::Kind::number,
                                json::Kind::number, json::Kind::string, json::Kind::string,
                                json::Kind::string};
    const Refusal *const refusals[] = {&kNoTenant, &kBadDates, &kBadDates, &kBadDates,
                                       &kBadText,  &kBadText,  &kBadText};
    RawClaims raw{};
    const char **values[] = {&raw.tenant,   &raw.expires, &raw.not_before, &raw.issued,
                             &raw.database, &raw.role,    &raw.token_id};
    for (int i = 0; i < 7; i++)
    {
        if (object.members[i].kind == json::Kind::absent)
            continue;
        if (object.members[i].kind != kinds[i])
            return refusals[i];
        *values[i] = object.members[i].value;
    }
    const json::Member &audience = object.members[7];
    if (guc::token_audience[0] != '\0' && !object.has_wanted_element &&
        !(audience.kind == json::Kind::string && strcmp(audience.value, guc::token_audience) == 0))
        return &kOtherAudience;
    return check_claims(raw, claims);
}

// The key id, and for a JWT the algorithm that its header claims. Nothing of it is believed: the key
// says by which algorithm it is used.
const Refusal *read_header(const core::TokenParts &parts, const char **key_id,
                           const char **algorithm)
{
    if (parts.form == core::TokenForm::compact)
    {
        *key_id = decode_text(parts.fields[core::kKeyIdField]);
        *algorithm = nullptr;
        return *key_id != nullptr && core::is_key_id(*key_id) ? nullptr : &kNoKeyId;
    }
    json::Object object{{{"alg"}, {"kid"}, {"crit"}}, 3};
    int size;
    char *header = decode(parts.header, &size);
    if (header == nullptr || !json::read(header, size, &object) ||
        object.members[0].kind != json::Kind::string)
        return &kMalformed;
    if (object.members[2].kind != json::Kind::absent)
        return &kCritical;
    if (object.members[1].kind != json::Kind::string || !core::is_key_id(object.members[1].value))
        return &kNoKeyId;
    *algorithm = object.members[0].value;
    *key_id = object.members[1].value;
    return nullptr;
}

const Refusal *read_token(string_view text, Claims *claims)
{
    const core::TokenParts parts = core::split_token(text);
    if (parts.form == core::TokenForm::none)
        return &kMalformed;
    const char *key_id;
    const char *algorithm;
    if (const Refusal *refusal = read_header(parts, &key_id, &algorithm))
        return refusal;
    const Secret secret = read_secret(key_id);
    if (!secret.usable || secret.retires_at <= guc::clock_time())
        return &kUnknownKey;
    if (algorithm != nullptr && strcmp(algorithm, name_of(secret.algorithm)) != 0)
        return &kOtherAlgorithm;
    int size;
    const char *signature = decode(parts.signature, &size);
    if (signature == nullptr || !crypto::verify(secret.algorithm, secret.key, parts.signed_text,
                                                {signature, static_cast<size_t>(size)}))
        return &kBadSignature;
    strlcpy(claims->proof.key_id, key_id, sizeof(claims->proof.key_id));
    claims->retires_at = secret.retires_at;
    return parts.form == core::TokenForm::compact ? read_compact(parts, claims)
                                                  : read_jwt(parts, claims);
}

bool is_present_role(const char *name)
{
    const Oid role = get_role_oid(name, true);
    return OidIsValid(role) && (role == GetSessionUserId() || role == GetOuterUserId());
}

const Refusal *use_once(const Claims &claims, TimestampTz now)
{
    if (claims.token_id[0] == '\0' || claims.issued == 0)
        return &kNoTokenId;
    char name[sizeof(claims.token_id) + sizeof(claims.proof.key_id) + sizeof(Oid) * 4];
    const int size = snprintf(name, sizeof(name), "%u %s %s", MyDatabaseId, claims.proof.key_id,
                              claims.token_id);
    unsigned char fingerprint[crypto::kMacSize];
    if (!crypto::digest({name, static_cast<size_t>(size)}, fingerprint))
        return &kFull;
    switch (replay::mark_used(fingerprint, claims.issued, claims.proof.valid_until, now))
    {
    case replay::Use::first:
        return nullptr;
    case replay::Use::repeated:
        return &kUsed;
    case replay::Use::no_memory:
        return &kNoMemory;
    case replay::Use::too_old:
        return &kTooOld;
    case replay::Use::full:
        break;
    }
    return &kFull;
}

// Settings by which a token was judged.
void write_rules(char *rules, size_t size)
{
    snprintf(rules, size, "%s\n%s", guc::token_claim, guc::token_audience);
}

const Refusal *read_cached(string_view text, Claims *claims)
{
    char rules[sizeof(cached_rules)];
    write_rules(rules, sizeof(rules));
    if (cached_generation == registry::generation() && strcmp(rules, cached_rules) == 0 &&
        crypto::is_same(text, {cached_text, cached_size}))
    {
        *claims = cached_claims;
        return nullptr;
    }
    const uint64 generation = registry::generation();
    if (const Refusal *refusal = read_token(text, claims))
        return refusal;
    memcpy(cached_text, text.data(), text.size());
    cached_size = text.size();
    cached_generation = generation;
    cached_claims = *claims;
    memcpy(cached_rules, rules, sizeof(rules));
    return nullptr;
}

} // namespace

const Refusal *verify(const char *text, Proof *proof)
{
    const size_t size = strnlen(text, core::kMaxTokenSize + 1);
    if (size > core::kMaxTokenSize)
        return &kTooLong;
    AcceptInvalidationMessages(); // a key may have been retired just now
    (void)registry::relations();
    Claims claims{};
    MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy token", ALLOCSET_DEFAULT_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(scratch);
    const Refusal *refusal = read_cached({text, size}, &claims);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(scratch);
    if (refusal != nullptr)
        return refusal;

    const TimestampTz now = guc::clock_time();
    const int64 leeway = guc::token_leeway_seconds * USECS_PER_SEC;
    const core::Window window = core::check_window(claims.not_before, claims.expires, now, leeway);
    if (window != core::Window::open)
        return window == core::Window::expired ? &kExpired : &kNotYet;
    // Asked each time, because the key may retire, and the role change, without any news.
    if (claims.retires_at <= now)
        return &kUnknownKey;
    if (claims.role[0] != '\0' && !is_present_role(claims.role))
        return &kOtherRole;
    claims.proof.valid_until = Min(claims.expires + leeway, claims.retires_at);
    *proof = claims.proof;
    return guc::token_single_use ? use_once(claims, now) : nullptr;
}

TimestampTz key_deadline(const char *key_id)
{
    MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy token", ALLOCSET_SMALL_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(scratch);
    const Secret secret = read_secret(key_id);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(scratch);
    return secret.usable ? secret.retires_at : 0;
}

} // namespace tenancy::token
