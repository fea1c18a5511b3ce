// Replacing the details of errors.
// SPDX-License-Identifier: PostgreSQL
#include "hidden_values.hpp"

#include "wall.hpp"

namespace tenancy::hidden_values
{

namespace
{

// What the server says where it may not show the values.
constexpr const char *kKeyIsHidden = "Key conflicts with existing key.";

} // namespace

// A key that is excluded is quoted with the row that is there, which may be another tenant's. And what a
// foreign key's own query changes may be another tenant's altogether.
void on_error(void *is_foreign_key)
{
    const int code = geterrcode();
    if (ERRCODE_TO_CATEGORY(code) != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION || !wall::is_up())
        return;
    if (is_foreign_key != nullptr)
        errdetail("The row is not shown while a tenant is set.");
    else if (code == ERRCODE_EXCLUSION_VIOLATION)
        errdetail("%s", kKeyIsHidden);
}

void hide(ErrorData *error)
{
    if (error->sqlerrcode == ERRCODE_EXCLUSION_VIOLATION && error->detail != nullptr &&
        wall::is_up())
        error->detail = MemoryContextStrdup(error->assoc_context, kKeyIsHidden);
}

} // namespace tenancy::hidden_values
