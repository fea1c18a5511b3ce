// The parser's callbacks.
// SPDX-License-Identifier: PostgreSQL
#include "json.hpp"

namespace tenancy::json
{

namespace
{

constexpr int kNone = -1;

struct Reading
{
    Object *object;
    int depth = 0;
    int member = kNone; // whose value comes next
    bool is_object = false;
    bool is_repeated = false;
};

void begin_nested(Reading *reading, Kind kind)
{
    if (reading->depth == 0)
        reading->is_object = kind == Kind::other;
    else if (reading->depth == 1 && reading->member != kNone)
        reading->object->members[reading->member].kind = kind;
    reading->depth++;
}

void end_nested(Reading *reading)
{
    if (--reading->depth == 1)
        reading->member = kNone;
}

extern "C" {

static pg::JsonResult on_object_start(void *state)
{
    begin_nested(static_cast<Reading *>(state), Kind::other);
    return TENANCY_JSON_SUCCESS;
}

static pg::JsonResult on_array_start(void *state)
{
    begin_nested(static_cast<Reading *>(state), Kind::array);
    return TENANCY_JSON_SUCCESS;
}

static pg::JsonResult on_nested_end(void *state)
{
    end_nested(static_cast<Reading *>(state));
    return TENANCY_JSON_SUCCESS;
}

static pg::JsonResult on_field(void *state, char *name, bool)
{
    auto *reading = static_cast<Reading *>(state);
    if (reading->depth != 1)
        return TENANCY_JSON_SUCCESS;
    reading->member = kNone;
    for (int i = 0; i < reading->object->count; i++)
        if (strcmp(reading->object->members[i].name, name) == 0)
        {
            reading->is_repeated =
                reading->is_repeated || reading->object->members[i].kind != Kind::absent;
            reading->member = i;
        }
    return TENANCY_JSON_SUCCESS;
}

static pg::JsonResult on_scalar(void *state, char *token, JsonTokenType type)
{
    auto *reading = static_cast<Reading *>(state);
    if (reading->member == kNone)
        return TENANCY_JSON_SUCCESS;
    Member *member = &reading->object->members[reading->member];
    const char *wanted = reading->object->wanted_element;
    if (reading->depth == 1)
    {
        member->kind = type == JSON_TOKEN_STRING   ? Kind::string
                       : type == JSON_TOKEN_NUMBER ? Kind::number
                                                   : Kind::other;
        member->value = pstrdup(token);
        reading->member = kNone;
    }
    else if (reading->depth == 2 && member->kind == Kind::array && type == JSON_TOKEN_STRING &&
             wanted != nullptr && strcmp(token, wanted) == 0)
        reading->object->has_wanted_element = true;
    return TENANCY_JSON_SUCCESS;
}
}

} // namespace

bool read(char *text, int size, Object *object)
{
    if (!pg_verify_mbstr(PG_UTF8, text, size, true))
        return false;
    Reading reading{object};
    JsonSemAction actions{};
    actions.semstate = &reading;
    actions.object_start = on_object_start;
    actions.object_end = on_nested_end;
    actions.array_start = on_array_start;
    actions.array_end = on_nested_end;
    actions.object_field_start = on_field;
    actions.scalar = on_scalar;
    return pg_parse_json(pg::json_lexer(text, size), &actions) == JSON_SUCCESS &&
           reading.is_object && !reading.is_repeated;
}

} // namespace tenancy::json
