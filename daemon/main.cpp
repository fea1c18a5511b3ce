// Where tenancyd starts.
// SPDX-License-Identifier: PostgreSQL
#include "cli.hpp"

int main(int argc, char **argv)
{
    return tenancyd::run_program({argv + 1, argv + argc});
}
