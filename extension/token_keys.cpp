// The SQL functions behind the keys of tokens.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include "crypto.hpp"

using namespace tenancy;

// The key in the form it is kept in; an error if the algorithm cannot use it.
TENANCY_FUNCTION(tenancy_token_key)
{
    char *algorithm = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const bytea *key = PG_GETARG_BYTEA_PP(1);
    const std::string_view given{VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)};
    if (strcmp(algorithm, "HS256") == 0)
    {
        if (given.size() < crypto::kSmallestSecret || given.size() > crypto::kLargestSecret)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid secret"),
                            errdetail("A secret for HS256 has 32 to 1024 bytes."),
                            errhint("Make one with gen_random_bytes() or openssl rand.")));
        PG_RETURN_DATUM(PG_GETARG_DATUM(1));
    }
    const bool is_eddsa = strcmp(algorithm, "EdDSA") == 0;
    if (!is_eddsa && strcmp(algorithm, "RS256") != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("unsupported algorithm \"%s\"", algorithm),
                        errdetail("Tokens are signed by HS256, EdDSA or RS256.")));
    auto *made = static_cast<bytea *>(palloc(VARHDRSZ + crypto::kLargestPublicKey));
    const int size =
        crypto::normalize_public_key(is_eddsa ? crypto::Algorithm::eddsa : crypto::Algorithm::rs256,
                                     given, reinterpret_cast<unsigned char *>(VARDATA(made)));
    if (size < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid public key"),
                 is_eddsa ? errdetail("A key for EdDSA is an Ed25519 public key: its 32 bytes, or "
                                      "a SubjectPublicKeyInfo as DER or PEM.")
                          : errdetail("A key for RS256 is an RSA public key of 2048 to 8192 bits: "
                                      "a SubjectPublicKeyInfo as DER or PEM.")));
    SET_VARSIZE(made, VARHDRSZ + size);
    PG_RETURN_BYTEA_P(made);
}

TENANCY_FUNCTION(tenancy_sign_hmac)
{
    const bytea *secret = PG_GETARG_BYTEA_PP(0);
    const text *signed_text = PG_GETARG_TEXT_PP(1);
    auto *mac = static_cast<bytea *>(palloc(VARHDRSZ + crypto::kMacSize));
    if (!crypto::sign_hmac({VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret)},
                           {VARDATA_ANY(signed_text), VARSIZE_ANY_EXHDR(signed_text)},
                           reinterpret_cast<unsigned char *>(VARDATA(mac))))
        ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
                        errmsg("could not compute a signature")));
    SET_VARSIZE(mac, VARHDRSZ + crypto::kMacSize);
    PG_RETURN_BYTEA_P(mac);
}
