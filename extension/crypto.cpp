// Signatures through OpenSSL's EVP interface.
// SPDX-License-Identifier: PostgreSQL
//
// No server header: nothing here can raise an error, so the owning pointers below are safe.
#include "crypto.hpp"

#include <cstring>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace tenancy::crypto
{

namespace
{

constexpr size_t kRawEd25519 = 32;

template <typename T, void (*release)(T *)>
class Owned
{
public:
    explicit Owned(T *object) : object_(object) {}
    ~Owned() { release(object_); }
    Owned(const Owned &) = delete;
    Owned &operator=(const Owned &) = delete;
    T *get() const { return object_; }

private:
    T *object_;
};

void release_bio(BIO *bio)
{
    (void)BIO_free(bio);
}

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Context = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Input = Owned<BIO, release_bio>;

// The server's TLS shares the queue of errors, and would take ours for its own.
class QuietErrors
{
public:
    QuietErrors() { (void)ERR_set_mark(); }
    ~QuietErrors() { (void)ERR_pop_to_mark(); }
};

const unsigned char *bytes(std::string_view text)
{
    return reinterpret_cast<const unsigned char *>(text.data());
}

int no_password(char *, int, int, void *)
{
    return -1; // libcrypto would ask at the terminal
}

EVP_PKEY *read_public_key(Algorithm algorithm, std::string_view key)
{
    if (algorithm == Algorithm::eddsa && key.size() == kRawEd25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(key), key.size());
    const unsigned char *position = bytes(key);
    EVP_PKEY *read = d2i_PUBKEY(nullptr, &position, static_cast<long>(key.size()));
    if (read != nullptr)
    {
        if (position == bytes(key) + key.size())
            return read;
        EVP_PKEY_free(read);
        return nullptr;
    }
    const Input input(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    return input.get() == nullptr ? nullptr
                                  : PEM_read_bio_PUBKEY(input.get(), nullptr, no_password, nullptr);
}

bool is_usable(Algorithm algorithm, const EVP_PKEY *key)
{
    if (algorithm == Algorithm::eddsa)
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    const int bits = EVP_PKEY_get_bits(key);
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && bits >= 2048 && bits <= 8192;
}

// The last public key used: reading one costs more than verifying with it. Lives as long as the
// session.
constinit EVP_PKEY *last_key = nullptr;
constinit char last_der[kLargestPublicKey]{};
constinit size_t last_size = 0;

EVP_PKEY *keep_public_key(Algorithm algorithm, std::string_view der)
{
    if (der.size() > sizeof(last_der))
        return nullptr;
    if (last_key == nullptr || std::string_view{last_der, last_size} != der)
    {
        EVP_PKEY_free(last_key);
        last_key = read_public_key(algorithm, der);
        std::memcpy(last_der, der.data(), der.size());
        last_size = der.size();
    }
    return last_key;
}

bool verify_public(Algorithm algorithm, std::string_view der, std::string_view text,
                   std::string_view signature)
{
    EVP_PKEY *key = keep_public_key(algorithm, der);
    const Context context(EVP_MD_CTX_new());
    if (key == nullptr || context.get() == nullptr || !is_usable(algorithm, key))
        return false;
    // Ed25519 hashes by itself; RSA keys of this kind pad by PKCS#1 v1.5 unless told otherwise.
    const EVP_MD *hash = algorithm == Algorithm::eddsa ? nullptr : EVP_sha256();
    return EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                            text.size()) == 1;
}

} // namespace

bool sign_hmac(std::string_view secret, std::string_view text, unsigned char mac[kMacSize]) noexcept
{
    const QuietErrors quiet;
    unsigned int size = 0;
    return HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes(text),
                text.size(), mac, &size) != nullptr &&
           size == kMacSize;
}

bool verify(Algorithm algorithm, std::string_view key, std::string_view text,
            std::string_view signature) noexcept
{
    const QuietErrors quiet;
    if (algorithm != Algorithm::hs256)
        return verify_public(algorithm, key, text, signature);
    unsigned char mac[kMacSize];
    return sign_hmac(key, text, mac) && signature.size() == kMacSize &&
           CRYPTO_memcmp(mac, signature.data(), kMacSize) == 0;
}

int normalize_public_key(Algorithm algorithm, std::string_view key,
                         unsigned char der[kLargestPublicKey]) noexcept
{
    const QuietErrors quiet;
    if (algorithm == Algorithm::hs256 || key.empty() || key.size() > 2 * kLargestPublicKey)
        return -1;
    const Key read(read_public_key(algorithm, key));
    if (read.get() == nullptr || !is_usable(algorithm, read.get()))
        return -1;
    const int size = i2d_PUBKEY(read.get(), nullptr);
    if (size <= 0 || static_cast<size_t>(size) > kLargestPublicKey)
        return -1;
    unsigned char *position = der;
    return i2d_PUBKEY(read.get(), &position);
}

bool is_same(std::string_view one, std::string_view other) noexcept
{
    return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool digest(std::string_view text, unsigned char hash[kMacSize]) noexcept
{
    const QuietErrors quiet;
    unsigned int size = 0;
    return EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr) == 1 &&
           size == kMacSize;
}

} // namespace tenancy::crypto
