// All cryptography, done by OpenSSL's libcrypto: nothing here knows the server or what is signed.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstddef>
#include <string_view>

namespace tenancy::crypto
{

inline constexpr size_t kMacSize = 32;
inline constexpr size_t kSmallestSecret = 32; // as many bytes as the hash: RFC 7518, 3.2
inline constexpr size_t kLargestSecret = 1024;
inline constexpr size_t kLargestPublicKey = 2048;

enum class Algorithm { hs256, eddsa, rs256 };

// HMAC-SHA256; false if libcrypto refuses.
[[nodiscard]] bool sign_hmac(std::string_view secret, std::string_view text,
                             unsigned char mac[kMacSize]) noexcept;

// Is this the text's signature by the key? Compares in constant time. The key is a secret, or
// a public key as normalize_public_key() makes it. Never true when anything goes wrong.
[[nodiscard]] bool verify(Algorithm algorithm, std::string_view key, std::string_view text,
                          std::string_view signature) noexcept;

// Brings a public key (DER or PEM SubjectPublicKeyInfo; for Ed25519 also its 32 bytes) into DER; the number of bytes,
// or -1 if it is none that the algorithm may use. RSA keys have 2048 to 8192 bits.
[[nodiscard]] int normalize_public_key(Algorithm algorithm, std::string_view key,
                                       unsigned char der[kLargestPublicKey]) noexcept;

// Compares in a time that tells nothing of where they differ.
[[nodiscard]] bool is_same(std::string_view one, std::string_view other) noexcept;

// SHA-256, for fingerprints.
[[nodiscard]] bool digest(std::string_view text, unsigned char hash[kMacSize]) noexcept;

} // namespace tenancy::crypto
