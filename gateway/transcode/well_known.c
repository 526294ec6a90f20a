#include "gateway/transcode/well_known.h"

#define ONE(number, type, name)                                                                    \
    {                                                                                              \
        (number), (type), false, (name)                                                            \
    }
#define MANY(number, type, name)                                                                   \
    {                                                                                              \
        (number), (type), true, (name)                                                             \
    }
static const struct known_type {
    const char *full_name;
    enum message_form form;
    struct known_field {
        uint32_t number; /* 0 = no more */
        enum field_type type;
        bool is_repeated;
        const char *type_name;
    } fields[6];
} well_known[] = {
    { "google.protobuf.Timestamp",
      FORM_TIMESTAMP,
      { ONE(1, TYPE_INT64, NULL), ONE(2, TYPE_INT32, NULL) } },
    { "google.protobuf.Duration",
      FORM_DURATION,
      { ONE(1, TYPE_INT64, NULL), ONE(2, TYPE_INT32, NULL) } },
    { "google.protobuf.Empty", FORM_EMPTY, { { 0 } } },
    { "google.protobuf.Any", FORM_ANY, { { 0 } } },
    { "google.protobuf.Struct",
      FORM_STRUCT,
      { MANY(1, TYPE_MESSAGE, "google.protobuf.Struct.FieldsEntry") } },
    { "google.protobuf.Struct.FieldsEntry",
      FORM_MAP_ENTRY,
      { ONE(1, TYPE_STRING, NULL), ONE(2, TYPE_MESSAGE, "google.protobuf.Value") } },
    { "google.protobuf.Value",
      FORM_VALUE,
      { ONE(1, TYPE_ENUM, "google.protobuf.NullValue"), ONE(2, TYPE_DOUBLE, NULL),
        ONE(3, TYPE_STRING, NULL), ONE(4, TYPE_BOOL, NULL),
        ONE(5, TYPE_MESSAGE, "google.protobuf.Struct"),
        ONE(6, TYPE_MESSAGE, "google.protobuf.ListValue") } },
    { "google.protobuf.ListValue", FORM_LIST, { MANY(1, TYPE_MESSAGE, "google.protobuf.Value") } },
    { "google.protobuf.FieldMask", FORM_FIELD_MASK, { MANY(1, TYPE_STRING, NULL) } },
    { "google.protobuf.DoubleValue", FORM_WRAPPER, { ONE(1, TYPE_DOUBLE, NULL) } },
    { "google.protobuf.FloatValue", FORM_WRAPPER, { ONE(1, TYPE_FLOAT, NULL) } },
    { "google.protobuf.Int64Value", FORM_WRAPPER, { ONE(1, TYPE_INT64, NULL) } },
    { "google.protobuf.UInt64Value", FORM_WRAPPER, { ONE(1, TYPE_UINT64, NULL) } },
    { "google.protobuf.Int32Value", FORM_WRAPPER, { ONE(1, TYPE_INT32, NULL) } },
    { "google.protobuf.UInt32Value", FORM_WRAPPER, { ONE(1, TYPE_UINT32, NULL) } },
    { "google.protobuf.BoolValue", FORM_WRAPPER, { ONE(1, TYPE_BOOL, NULL) } },
    { "google.protobuf.StringValue", FORM_WRAPPER, { ONE(1, TYPE_STRING, NULL) } },
    { "google.protobuf.BytesValue", FORM_WRAPPER, { ONE(1, TYPE_BYTES, NULL) } },
    { "google.api.HttpBody",
      FORM_HTTP_BODY,
      { ONE(1, TYPE_STRING, NULL), ONE(2, TYPE_BYTES, NULL) } },
};
#undef ONE
#undef MANY

static const struct known_type *find(struct text full_name)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        if (text_equal_cstr(full_name, well_known[i].full_name))
            return &well_known[i];
    return NULL;
}

enum message_form well_known_form(struct text full_name)
{
    const struct known_type *known = find(full_name);
    return known == NULL ? FORM_OBJECT : known->form;
}

static bool is_as_known(const struct field *f, const struct known_field *known)
{
    return f != NULL && f->type == known->type && f->is_repeated == known->is_repeated &&
           (f->message == NULL || text_equal_cstr(f->message->full_name, known->type_name)) &&
           (f->enumeration == NULL || text_equal_cstr(f->enumeration->full_name, known->type_name));
}

uint32_t well_known_odd_field(const struct message *message)
{
    const struct known_type *known = find(message->full_name);
    for (size_t i = 0; known != NULL && i < ARRAY_LEN(known->fields); i++) {
        const struct known_field *wanted = &known->fields[i];
        if (wanted->number != 0 &&
            !is_as_known(message_find_number(message, wanted->number), wanted))
            return wanted->number;
    }
    return 0;
}
