// Error messages that would quote rows of other tenants: what the server hides from roles under row security only.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::hidden_values
{

// Asked of each error while it is made, so that nobody who catches it sees more.
void on_error(void *is_foreign_key);

// Hangs while a statement runs, in the frame of whoever runs it. An error takes it down by itself.
class Veil
{
public:
    void hang(bool is_foreign_key)
    {
        callback_.callback = on_error;
        callback_.arg = is_foreign_key ? this : nullptr;
        callback_.previous = error_context_stack;
        error_context_stack = &callback_;
    }
    void take_down() const { error_context_stack = callback_.previous; }

private:
    ErrorContextCallback callback_;
};

// For errors of a commit, which runs under no veil and which nobody catches.
void hide(ErrorData *error);

} // namespace tenancy::hidden_values
