#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/transcode/from_json.h"
#include "gateway/transcode/to_json.h"

enum { REPLY_MAX = 16 << 20 };

/* The bytes say what the protobuf text says: equal, or equal to protoc in any order of fields. */
static void assert_same_message(const char *message, struct text wire, const char *expected,
                                const char *json)
{
    SCOPED(buffer) struct buffer wanted = wire_of(message, expected);
    if (text_equal(buffer_text(&wanted), wire))
        return;
    SCOPED(buffer) struct buffer theirs = text_of_wire(message, buffer_text(&wanted));
    SCOPED(buffer) struct buffer ours = text_of_wire(message, wire);
    if (!text_equal(buffer_text(&theirs), buffer_text(&ours)))
        fail_msg("%s\nbecame\n" TEXT_FMT "instead of\n" TEXT_FMT, json,
                 TEXT_ARGS(buffer_text(&ours)), TEXT_ARGS(buffer_text(&theirs)));
}

static struct buffer translated(const struct schema *schema, const char *message, struct text json,
                                struct json_notes *notes)
{
    struct buffer out = buffer_capped(REPLY_MAX);
    struct error err = { 0 };
    if (!json_to_wire(message_named(schema, message), json, &out, notes, &err))
        fail_msg(TEXT_FMT ": %s", TEXT_ARGS(json), err.message);
    return out;
}

static void assert_message(const struct schema *schema, const char *message, const char *json,
                           const char *expected)
{
    struct json_notes notes = { 0 };
    SCOPED(buffer) struct buffer wire = translated(schema, message, text_of(json), &notes);
    assert_same_message(message, buffer_text(&wire), expected, json);
    assert_int_equal(notes.unknown_members, 0);
    assert_string_equal(notes.unknown_enum, "");
}

static struct error refusal(const struct schema *schema, const char *message, struct text json)
{
    SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    if (json_to_wire(message_named(schema, message), json, &out, &notes, &err))
        fail_msg("accepted: " TEXT_FMT, TEXT_ARGS(json));
    return err;
}

static void assert_refused(const struct schema *schema, const char *message, const char *json,
                           const char *field, const char *reason)
{
    struct error err = refusal(schema, message, text_of(json));
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
    if (strcmp(err.field, field) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\" (%s)", json, err.field, field, err.message);
    if (strstr(err.message, reason) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", json, err.message, reason);
}

/* ---- values ------------------------------------------------------------------------------- */

static const struct {
    const char *message;
    const char *json;
    const char *expected;
} accepted[] = {
    { "Scalars", "{}", "" },
    { "Scalars", " \t\r\n{ \"an_int32\" : 1 } \n", "an_int32: 1" },
    { "Scalars",
      "{\"a_double\":1e300,\"a_float\":0.1,\"an_int64\":-9223372036854775808,"
      "\"a_uint64\":18446744073709551615,\"an_int32\":-2147483648,\"a_fixed64\":1,"
      "\"a_fixed32\":4294967295,\"a_bool\":true,\"a_string\":\"a\",\"some_bytes\":\"AP8=\","
      "\"a_uint32\":4294967295,\"a_color\":\"below zero\",\"a_plain\":\"PLAIN_ONE\","
      "\"an_sfixed32\":-1,\"an_sfixed64\":9223372036854775807,\"an_sint32\":-2147483648,"
      "\"an_sint64\":-9223372036854775808}",
      "a_double: 1e300 a_float: 0.1 an_int64: -9223372036854775808 a_uint64: 18446744073709551615 "
      "an_int32: -2147483648 a_fixed64: 1 a_fixed32: 4294967295 a_bool: true a_string: 'a' "
      "some_bytes: '\\x00\\xff' a_uint32: 4294967295 a_color: COLOR_BELOW a_plain: PLAIN_ONE "
      "an_sfixed32: -1 an_sfixed64: 9223372036854775807 an_sint32: -2147483648 "
      "an_sint64: -9223372036854775808" },
    /* 64 bits are exact, as numbers and as texts. */
    { "Scalars", "{\"an_int64\":9007199254740993}", "an_int64: 9007199254740993" },
    { "Scalars", "{\"an_int64\":9223372036854775807}", "an_int64: 9223372036854775807" },
    { "Scalars", "{\"an_int64\":\"-9007199254740993\"}", "an_int64: -9007199254740993" },
    { "Scalars", "{\"a_uint64\":\"18446744073709551615\"}", "a_uint64: 18446744073709551615" },
    { "Scalars", "{\"an_sint64\":\"7\",\"an_int32\":\"-7\"}", "an_sint64: 7 an_int32: -7" },
    { "Scalars", "{\"an_int32\":1.0}", "an_int32: 1" },
    { "Scalars", "{\"an_int32\":1e3,\"a_uint64\":2.5E1}", "an_int32: 1000 a_uint64: 25" },
    { "Scalars", "{\"an_int32\":-0,\"a_uint32\":-0.0}", "" },
    { "Scalars", "{\"a_double\":\"NaN\",\"a_float\":\"-Infinity\"}",
      "a_double: nan a_float: -inf" },
    { "Scalars", "{\"a_double\":4,\"a_float\":16777217}", "a_double: 4 a_float: 16777216" },
    { "Scalars", "{\"a_float\":3.4028235e38}", "a_float: 3.4028235e38" },
    { "Scalars", "{\"a_double\":5e-324,\"a_float\":1e-60}", "a_double: 5e-324" },
    { "Scalars", "{\"a_color\":1,\"a_plain\":0}", "a_color: COLOR_RED" },
    { "Scalars", "{\"a_color\":-3}", "a_color: COLOR_BELOW" },
    { "Scalars", "{\"a_color\":77}", "a_color: 77" },
    /* Strings: escapes, NUL, and U+FFFD for what is not UTF-8. */
    { "Scalars", "{\"a_string\":\"\\u0000\\\"\\n\\u00b5\\ud83d\\ude00\"}",
      "a_string: '\\000\"\\n\\302\\265\\360\\237\\230\\200'" },
    { "Scalars", "{\"a_string\":\"a\xff\\ud800\"}", "a_string: 'a\\357\\277\\275\\357\\277\\275'" },
    { "Scalars", "{\"\\u0061_string\":\"x\"}", "a_string: 'x'" },
    /* Zero without presence is nothing, with presence it is a value. */
    { "Scalars",
      "{\"a_double\":0,\"an_int64\":0,\"a_bool\":false,\"a_string\":\"\",\"some_bytes\":\"\","
      "\"a_plain\":\"PLAIN_ZERO\"}",
      "" },
    { "Optionals",
      "{\"a_double\":0,\"a_float\":0,\"an_int64\":0,\"a_uint64\":0,\"an_int32\":0,\"a_fixed64\":0,"
      "\"a_fixed32\":0,\"a_bool\":false,\"a_string\":\"\",\"some_bytes\":\"\",\"a_uint32\":0,"
      "\"a_color\":0,\"a_plain\":\"PLAIN_ZERO\",\"an_sfixed32\":0,\"an_sfixed64\":0,"
      "\"an_sint32\":0,\"an_sint64\":0}",
      "a_double: 0 a_float: 0 an_int64: 0 a_uint64: 0 an_int32: 0 a_fixed64: 0 a_fixed32: 0 "
      "a_bool: false a_string: '' some_bytes: '' a_uint32: 0 a_color: COLOR_UNSPECIFIED a_plain: "
      "PLAIN_ZERO an_sfixed32: 0 an_sfixed64: 0 an_sint32: 0 an_sint64: 0" },
    /* null is unset. */
    { "Optionals", "{\"a_double\":null,\"a_bool\":null,\"a_string\":null,\"a_color\":null}", "" },
    { "Everything",
      "{\"scalars\":null,\"lists\":null,\"maps\":null,\"node\":null,\"times\":null,\"more\":null,"
      "\"choice\":{\"text\":null,\"number\":1}}",
      "choice { number: 1 }" },
    { "Scalars", "{\"an_int32\":null,\"an_int32\":5}", "an_int32: 5" },
    /* Lists. */
    { "Lists",
      "{\"doubles\":[1.5,0,\"NaN\"],\"int32s\":[1,0,-1],\"bools\":[true,false],\"strings\":[\"\","
      "\"a\"],"
      "\"byte_strings\":[\"\",\"eA==\"],\"colors\":[\"red\",2],\"unpacked\":[1,2],"
      "\"sint64s\":[-1],\"fixed32s\":[7],\"times\":[\"1970-01-01T00:00:00Z\"],"
      "\"delays\":[\"1m\",\"0s\"]}",
      "doubles: 1.5 doubles: 0 doubles: nan int32s: 1 int32s: 0 int32s: -1 bools: true bools: "
      "false "
      "strings: '' strings: 'a' byte_strings: '' byte_strings: 'x' colors: COLOR_RED colors: "
      "COLOR_DEEP_BLUE unpacked: 1 unpacked: 2 sint64s: -1 fixed32s: 7 times {} delays { seconds: "
      "60 } delays {}" },
    { "Lists", "{\"doubles\":[],\"strings\":[],\"times\":[]}", "" },
    { "Families", "{\"nodes\":[{},{\"name\":\"a\",\"children\":[{\"name\":\"b\"}]},{}]}",
      "nodes {} nodes { name: 'a' children { name: 'b' } } nodes {}" },
    { "Families", "{\"nodes\":[]}", "" },
    /* Maps. */
    { "Maps",
      "{\"by_int32\":{\"-1\":\"a\"},\"by_int64\":{\"-9223372036854775808\":\"b\"},"
      "\"by_uint32\":{\"4294967295\":\"c\"},\"by_uint64\":{\"18446744073709551615\":\"d\"},"
      "\"by_sint32\":{\"-2\":\"e\"},\"by_sint64\":{\"-3\":\"f\"},\"by_fixed32\":{\"1\":\"g\"},"
      "\"by_fixed64\":{\"2\":\"h\"},\"by_sfixed32\":{\"-4\":\"i\"},\"by_sfixed64\":{\"-5\":\"j\"},"
      "\"by_bool\":{\"true\":\"k\",\"false\":\"\"},\"by_string\":{\"\":\"l\",\"m\":\"\"},"
      "\"numbers\":{\"z\":0},\"colors\":{\"c\":\"red\"},\"blobs\":{\"b\":\"eA\"},"
      "\"ratios\":{\"r\":0.25}}",
      "by_int32 { key: -1 value: 'a' } by_int64 { key: -9223372036854775808 value: 'b' } by_uint32 "
      "{ "
      "key: 4294967295 value: 'c' } by_uint64 { key: 18446744073709551615 value: 'd' } by_sint32 { "
      "key: -2 value: 'e' } by_sint64 { key: -3 value: 'f' } by_fixed32 { key: 1 value: 'g' } "
      "by_fixed64 { key: 2 value: 'h' } by_sfixed32 { key: -4 value: 'i' } by_sfixed64 { key: -5 "
      "value: 'j' } by_bool { key: true value: 'k' } by_bool { key: false value: '' } by_string { "
      "key: '' value: 'l' } by_string { key: 'm' value: '' } numbers { key: 'z' value: 0 } colors "
      "{ "
      "key: 'c' value: COLOR_RED } blobs { key: 'b' value: 'x' } ratios { key: 'r' value: 0.25 }" },
    { "Maps", "{\"by_string\":{}}", "" },
    { "Atlas",
      "{\"nodes\":{\"a\":{\"name\":\"x\"},\"b\":{}},\"times\":{\"7\":\"1970-01-01T00:00:01Z\"}}",
      "nodes { key: 'a' value { name: 'x' } } nodes { key: 'b' value {} } times { key: 7 value { "
      "seconds: 1 } }" },
    /* Messages. */
    { "Node", "{\"next\":{\"next\":{\"name\":\"deep\"}}}", "next { next { name: 'deep' } }" },
    { "Named", "{\"@type\":\"x\",\"howMany\":2,\"snake_case_name\":\"y\"}",
      "renamed: 'x' camel: 2 snake_case_name: 'y'" },
    { "Choice", "{\"text\":\"\",\"right\":\"r\"}", "text: '' right: 'r'" },
    { "Choice", "{\"node\":{}}", "node {}" },
    { "Everything", "{\"empty\":{\"anything\":[1,{}]}}", "empty {}" },
    { "Foreign", "{\"fine\":\"x\",\"any\":null,\"anys\":[]}", "fine: 'x'" },
    /* The lowerCamelCase name is understood as well, as proto3 JSON asks of its readers. */
    { "Scalars", "{\"anInt32\":1,\"aString\":\"x\",\"some_bytes\":\"eA==\"}",
      "an_int32: 1 a_string: 'x' some_bytes: 'x'" },
    { "Named", "{\"snakeCaseName\":\"y\"}", "snake_case_name: 'y'" },
    /* Any JSON. */
    { "WellKnown", "{\"object\":{},\"list\":[],\"value\":{}}",
      "object {} list {} value { struct_value {} }" },
    { "WellKnown",
      "{\"object\":{\"s\":\"\",\"n\":-1.5e3,\"b\":false,\"z\":null,\"a\":[1,[null],{}],\"o\":{"
      "\"k\":true}}}",
      "object { fields { key: 's' value { string_value: '' } } fields { key: 'n' value { "
      "number_value: -1500 } } fields { key: 'b' value { bool_value: false } } fields { key: 'z' "
      "value { null_value: NULL_VALUE } } fields { key: 'a' value { list_value { values { "
      "number_value: 1 } values { list_value { values { null_value: NULL_VALUE } } } values { "
      "struct_value {} } } } } fields { key: 'o' value { struct_value { fields { key: 'k' value { "
      "bool_value: true } } } } } }" },
    { "WellKnown", "{\"value\":null}", "value { null_value: NULL_VALUE }" },
    { "WellKnown", "{\"value\":0}", "value { number_value: 0 }" },
    { "WellKnown", "{\"value\":[]}", "value { list_value {} }" },
    { "WellKnown", "{\"object\":null,\"list\":null,\"values\":null}", "" },
    { "WellKnown", "{\"values\":[null,\"a\",{}],\"objects\":[{},{\"k\":null}]}",
      "values { null_value: NULL_VALUE } values { string_value: 'a' } values { struct_value {} } "
      "objects {} objects { fields { key: 'k' value { null_value: NULL_VALUE } } }" },
    { "WellKnown", "{\"by_name\":{\"a\":null,\"b\":2},\"lists\":{\"l\":[true]}}",
      "by_name { key: 'a' value { null_value: NULL_VALUE } } by_name { key: 'b' value { "
      "number_value: 2 } } lists { key: 'l' value { values { bool_value: true } } }" },
    { "WellKnown", "{\"nothing\":null,\"nulls\":[null,\"NULL_VALUE\",0]}",
      "nothing: NULL_VALUE nulls: NULL_VALUE nulls: NULL_VALUE nulls: NULL_VALUE" },
    { "WellKnown", "{\"raw\":{\"content_type\":\"a/b\",\"data\":\"eA==\",\"extensions\":[]}}",
      "raw { content_type: 'a/b' data: 'x' }" },
    /* Wrappers: zero differs from absent. */
    { "Wrapped",
      "{\"a_double\":0,\"a_float\":0,\"an_int64\":0,\"a_uint64\":0,\"an_int32\":0,\"a_uint32\":0,"
      "\"a_bool\":false,\"a_string\":\"\",\"some_bytes\":\"\"}",
      "a_double {} a_float {} an_int64 {} a_uint64 {} an_int32 {} a_uint32 {} a_bool {} a_string "
      "{} some_bytes {}" },
    { "Wrapped",
      "{\"a_double\":\"-Infinity\",\"a_float\":0.5,\"an_int64\":\"-9223372036854775808\","
      "\"a_uint64\":18446744073709551615,\"an_int32\":-1,\"a_uint32\":4294967295,\"a_bool\":true,"
      "\"a_string\":\"s\",\"some_bytes\":\"_w\",\"numbers\":[9007199254740993,0],\"words\":{\"k\":"
      "\"v\"}}",
      "a_double { value: -inf } a_float { value: 0.5 } an_int64 { value: -9223372036854775808 } "
      "a_uint64 { value: 18446744073709551615 } an_int32 { value: -1 } a_uint32 { value: "
      "4294967295 } a_bool { value: true } a_string { value: 's' } some_bytes { value: '\\377' } "
      "numbers { value: 9007199254740993 } numbers {} words { key: 'k' value { value: 'v' } }" },
    { "Wrapped", "{\"a_double\":null,\"a_string\":null,\"mask\":null,\"words\":null}", "" },
    { "Wrapped", "{\"mask\":\"\",\"masks\":[\"a\",\"\"]}",
      "mask {} masks { paths: 'a' } masks {}" },
    { "Wrapped", "{\"mask\":\"userName,address.postCode,snake_case\"}",
      "mask { paths: 'user_name' paths: 'address.post_code' paths: 'snake_case' }" },
    /* Times. */
    { "Times", "{\"at\":\"2026-03-06T13:56:11.123456789Z\"}",
      "at { seconds: 1772805371 nanos: 123456789 }" },
    { "Times", "{\"at\":\"2026-03-06T15:56:11.5+02:00\"}",
      "at { seconds: 1772805371 nanos: 500000000 }" },
    { "Times", "{\"at\":\"2026-03-06T05:26:11-08:30\"}", "at { seconds: 1772805371 }" },
    { "Times", "{\"at\":\"1970-01-01T00:00:00Z\"}", "at {}" },
    { "Times", "{\"at\":\"1969-12-31T23:59:59.9Z\"}", "at { seconds: -1 nanos: 900000000 }" },
    { "Times", "{\"at\":\"0001-01-01T00:00:00Z\"}", "at { seconds: -62135596800 }" },
    { "Times", "{\"at\":\"9999-12-31T23:59:59.999999999Z\"}",
      "at { seconds: 253402300799 nanos: 999999999 }" },
    { "Times", "{\"go\":\"1h30m\"}", "go { seconds: 5400 }" },
    { "Times", "{\"go\":\"-1.5s\"}", "go { seconds: -1 nanos: -500000000 }" },
    { "Times", "{\"go\":\"250ms\"}", "go { nanos: 250000000 }" },
    { "Times", "{\"go\":\"0s\"}", "go {}" },
    { "Times", "{\"plain\":\"1.5s\"}", "plain { seconds: 1 nanos: 500000000 }" },
    { "Times", "{\"plain\":\"-0.000000001s\"}", "plain { nanos: -1 }" },
    { "Times", "{\"plain\":\"0s\"}", "plain {}" },
    { "Times", "{\"plain\":\"315576000000s\"}", "plain { seconds: 315576000000 }" },
    { "Times", "{\"plain\":\"-315576000000.999999999s\"}",
      "plain { seconds: -315576000000 nanos: -999999999 }" },
    /* Bytes, in both alphabets, padded or not. */
    { "Scalars", "{\"some_bytes\":\"+/8=\"}", "some_bytes: '\\373\\377'" },
    { "Scalars", "{\"some_bytes\":\"-_8\"}", "some_bytes: '\\373\\377'" },
    { "Scalars", "{\"some_bytes\":\"\\u0065A==\"}", "some_bytes: 'x'" },
};

static void every_kind_of_value_is_understood(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        char message[64];
        (void)snprintf(message, sizeof message, "shapes.v1.%s", accepted[i].message);
        assert_message(*state, message, accepted[i].json, accepted[i].expected);
    }
}

static const struct {
    const char *message;
    const char *json;
    const char *field;
    const char *reason;
} refused[] = {
    /* Of the wrong type, naming the way to the value. */
    { "Scalars", "{\"an_int32\":\"a\"}", "an_int32", "must be an integer, not a string" },
    { "Scalars", "{\"an_int32\":\"\"}", "an_int32", "must be an integer, not " },
    { "Scalars", "{\"an_int32\":\"1.0\"}", "an_int32", "must be an integer, not " },
    { "Scalars", "{\"an_int32\":\" 1\"}", "an_int32", "must be an integer, not " },
    { "Scalars", "{\"an_int32\":true}", "an_int32", "must be an integer, not true" },
    { "Scalars", "{\"an_int32\":{}}", "an_int32", "not an object" },
    { "Scalars", "{\"an_int32\":[1]}", "an_int32", "not an array" },
    { "Scalars", "{\"an_int32\":1.5}", "an_int32", "must be an integer, not 1.5" },
    { "Scalars", "{\"a_bool\":1}", "a_bool", "must be true or false, not a number" },
    { "Scalars", "{\"a_bool\":\"true\"}", "a_bool", "must be true or false, not " },
    { "Scalars", "{\"a_string\":1}", "a_string", "must be a string, not a number" },
    { "Scalars", "{\"a_double\":\"1\"}", "a_double", "must be a number, not a string" },
    { "Scalars", "{\"a_color\":true}", "a_color", "must be a string, not true" },
    { "Scalars", "{\"a_color\":1.5}", "a_color", "must be an integer, not " },
    { "Scalars", "{\"some_bytes\":\"*\"}", "some_bytes", "is not base64" },
    { "Scalars", "{\"some_bytes\":7}", "some_bytes", "must be a string, not " },
    { "Lists", "{\"int32s\":[1,\"x\"]}", "int32s[1]", "must be an integer, not " },
    { "Lists", "{\"int32s\":[1,null]}", "int32s[1]", "not null" },
    { "Lists", "{\"int32s\":1}", "int32s", "must be an array, not a number" },
    { "Lists", "{\"strings\":{}}", "strings", "must be an array, not an object" },
    { "Lists", "{\"strings\":[\"a\",[\"b\"]]}", "strings[1]", "must be a string, not an array" },
    { "Families", "{\"nodes\":[{},{\"children\":[{\"next\":{\"name\":5}}]}]}",
      "nodes[1].children[0].next.name", "must be a string, not a number" },
    { "Families", "{\"nodes\":[7]}", "nodes[0]", "must be an object, not a number" },
    { "Maps", "{\"numbers\":{\"k\":\"x\"}}", "numbers[\"k\"]", "must be an integer, not " },
    { "Maps", "{\"numbers\":[]}", "numbers", "must be an object, not an array" },
    { "Maps", "{\"numbers\":{\"k\":null}}", "numbers[\"k\"]", "not null" },
    { "Maps", "{\"by_int32\":{\"x\":\"\"}}", "by_int32[\"x\"]", "must be an integer, not " },
    { "Maps", "{\"by_bool\":{\"yes\":\"\"}}", "by_bool[\"yes\"]", "must be true or false, not " },
    { "Atlas", "{\"nodes\":{\"a\":{\"name\":1}}}", "nodes[\"a\"].name", "must be a string, not " },
    { "Node", "{\"next\":[]}", "next", "must be an object, not an array" },
    { "Named", "{\"howMany\":\"x\"}", "howMany", "must be an integer, not " },
    { "Node", "[]", "", "must be an object, not an array" },
    { "Node", "null", "", "must be an object, not null" },
    { "Node", "\"{}\"", "", "must be an object, not a string" },
    /* Out of range. */
    { "Scalars", "{\"an_int32\":2147483648}", "an_int32", "cannot hold 2147483648" },
    { "Scalars", "{\"an_int32\":-2147483649}", "an_int32", "cannot hold " },
    { "Scalars", "{\"an_int64\":9223372036854775808}", "an_int64", "cannot hold " },
    { "Scalars", "{\"an_int64\":-9223372036854775809}", "an_int64", "cannot hold " },
    { "Scalars", "{\"an_int64\":1e19}", "an_int64", "cannot hold " },
    { "Scalars", "{\"an_int64\":1e999}", "an_int64", "cannot hold " },
    { "Scalars", "{\"an_int64\":9007199254740993.0}", "an_int64", "cannot hold " },
    { "Scalars", "{\"a_uint64\":-1}", "a_uint64", "cannot hold -1" },
    { "Scalars", "{\"a_uint64\":18446744073709551616}", "a_uint64", "cannot hold " },
    { "Scalars", "{\"a_uint32\":4294967296}", "a_uint32", "cannot hold " },
    { "Scalars", "{\"a_double\":1e400}", "a_double", "cannot hold " },
    { "Scalars", "{\"a_float\":1e39}", "a_float", "cannot hold " },
    { "Scalars", "{\"a_color\":2147483648}", "a_color", "cannot hold " },
    /* Times. */
    { "Times", "{\"at\":\"yesterday\"}", "at", "is not an RFC 3339 time: yesterday" },
    { "Times", "{\"at\":\"2026-03-06T13:56:11\"}", "at", "is not an RFC 3339 time" },
    { "Times", "{\"at\":\"2026-02-30T00:00:00Z\"}", "at", "is not an RFC 3339 time" },
    { "Times", "{\"at\":1772805371}", "at", "must be a string, not " },
    { "Times", "{\"at\":{\"seconds\":1}}", "at", "must be a string, not an object" },
    { "Times", "{\"go\":\"5\"}", "go", "is not a duration: 5" },
    { "Times", "{\"go\":\"1d\"}", "go", "is not a duration" },
    { "Times", "{\"go\":\"\"}", "go", "is not a duration" },
    { "Times", "{\"plain\":\"1h\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"5ns\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"5ms\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"1s1s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"1\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"-s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\".5s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"1.s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"+1s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"1.0000000001s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"315576000001s\"}", "plain", "is not a duration" },
    { "Times", "{\"plain\":\"99999999999999999999s\"}", "plain", "is not a duration" },
    /* One member of a kind. */
    { "Scalars", "{\"an_int32\":1,\"an_int32\":1}", "an_int32", "is given twice" },
    { "Scalars", "{\"a_string\":\"\",\"\\u0061_string\":\"\"}", "a_string", "is given twice" },
    { "Lists", "{\"int32s\":[],\"int32s\":[]}", "int32s", "is given twice" },
    { "Choice", "{\"text\":\"\",\"number\":0}", "number", "excludes another member" },
    { "Choice", "{\"left\":\"\",\"text\":\"\",\"right\":\"\"}", "right",
      "excludes another member" },
    { "Scalars", "{\"an_int32\":1,\"anInt32\":1}", "an_int32", "is given twice" },
    { "WellKnown", "{\"value\":1,\"value\":null}", "value", "is given twice" },
    /* Well-known types. */
    { "WellKnown", "{\"object\":[]}", "object", "must be an object, not an array" },
    { "WellKnown", "{\"list\":{}}", "list", "must be an array, not an object" },
    { "WellKnown", "{\"objects\":[{},null]}", "objects[1]", "must be an object, not null" },
    { "WellKnown", "{\"object\":{\"k\":[1,1e999]}}", "object[\"k\"][1]", "cannot hold 1e999" },
    { "WellKnown", "{\"nulls\":[true]}", "nulls[0]", "must be a string, not true" },
    { "Wrapped", "{\"an_int64\":\"x\"}", "an_int64", "must be an integer, not a string" },
    { "Wrapped", "{\"an_int64\":{\"value\":1}}", "an_int64", "must be an integer, not an object" },
    { "Wrapped", "{\"a_uint32\":4294967296}", "a_uint32", "cannot hold 4294967296" },
    { "Wrapped", "{\"numbers\":[1,null]}", "numbers[1]", "must be an integer, not null" },
    { "Wrapped", "{\"words\":{\"k\":1}}", "words[\"k\"]", "must be a string, not a number" },
    { "Wrapped", "{\"mask\":[]}", "mask", "must be a string, not an array" },
    { "Wrapped", "{\"mask\":\"a,,b\"}", "mask", "is not a field mask: a,,b" },
    { "Wrapped", "{\"mask\":\"a,\"}", "mask", "is not a field mask" },
    { "Wrapped", "{\"mask\":\",a\"}", "mask", "is not a field mask" },
    { "Wrapped", "{\"some_bytes\":\"*\"}", "some_bytes", "is not base64" },
    /* Not JSON. */
    { "Node", "", "", "EOF" },
    { "Node", "  ", "", "EOF" },
    { "Node", "<html><body>502 Bad Gateway</body></html>", "", "invalid character '<'" },
    { "Node", "{\"name\":\"a\"} x", "", "after top-level value" },
    { "Node", "{\"name\":\"a\"}{}", "", "after top-level value" },
    { "Node", "{\"name\":\"a\",}", "", "invalid character '}'" },
    { "Node", "{name:\"a\"}", "", "invalid character 'n'" },
    { "Node", "{'name':'a'}", "", "invalid character" },
    { "Node", "{\"name\":\"a\nb\"}", "", "in string literal" },
    { "Scalars", "{\"an_int32\":01}", "", "invalid character '1'" },
    { "Scalars", "{\"a_double\":NaN}", "", "invalid character 'N'" },
    { "Node", "{\"unknown\":[}", "", "invalid character '}'" },
};

static void what_does_not_fit_is_refused_naming_the_json_path(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char message[64];
        (void)snprintf(message, sizeof message, "shapes.v1.%s", refused[i].message);
        assert_refused(*state, message, refused[i].json, refused[i].field, refused[i].reason);
    }
}

static void a_type_without_translation_is_not_supported(void **state)
{
    static const struct {
        const char *json;
        const char *field;
    } members[] = { { "{\"any\":{}}", "any" },
                    { "{\"anys\":[{}]}", "anys[0]" },
                    { "{\"by_name\":{\"k\":{\"@type\":\"x\"}}}", "by_name[\"k\"]" } };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct error err = refusal(*state, "shapes.v1.Foreign", text_of(members[i].json));
        assert_error_code(err, ERROR_NOT_SUPPORTED);
        assert_string_equal(err.field, members[i].field);
        assert_non_null(strstr(err.message, "google.protobuf.Any"));
    }
    assert_error_code(refusal(*state, "google.protobuf.Any", TEXT("{}")), ERROR_NOT_SUPPORTED);
}

static void unknown_members_are_skipped_and_counted(void **state)
{
    struct json_notes notes = { 0 };
    SCOPED(buffer)
    struct buffer wire = translated(*state, "shapes.v1.Node",
                                    TEXT("{\"new\":{\"a\":[1,{\"name\":2}]},\"name\":\"n\","
                                         "\"children\":[{\"x\":null},{\"y\":\"\"}],"
                                         "\"Name\":\"\",\"children_\":[]}"),
                                    &notes);
    assert_same_message("shapes.v1.Node", buffer_text(&wire), "name: 'n' children {} children {}",
                        "");
    assert_int_equal(notes.unknown_members, 5);
}

static void an_enum_text_that_is_not_known_becomes_unspecified_and_is_noted(void **state)
{
    struct json_notes notes = { 0 };
    SCOPED(buffer)
    struct buffer wire = translated(
        *state, "shapes.v1.Everything",
        TEXT("{\"scalars\":{\"a_color\":\"pink\"},\"optionals\":{\"a_color\":\"COLOR_RED\"},"
             "\"lists\":{\"colors\":[\"red\",\"Red\"]}}"),
        &notes);
    assert_same_message("shapes.v1.Everything", buffer_text(&wire),
                        "scalars {} optionals { a_color: COLOR_UNSPECIFIED } "
                        "lists { colors: COLOR_RED colors: COLOR_UNSPECIFIED }",
                        "");
    assert_string_equal(notes.unknown_enum, "a_color=pink, a_color=COLOR_RED, colors=Red");
}

static void notes_about_enums_are_cut_one_by_one_and_within_their_room(void **state)
{
    struct json_notes notes = { 0 };
    SCOPED(buffer) struct buffer json = buffer_capped(1 << 16);
    buffer_append_cstr(&json, "{\"colors\":[\"");
    for (int i = 0; i < 1000; i++)
        buffer_append_byte(&json, 'x');
    buffer_append_cstr(&json, "\"");
    for (int i = 0; i < 100; i++)
        buffer_append_cstr(&json, ",\"pink\"");
    assert_true(buffer_append_cstr(&json, "]}"));
    SCOPED(buffer)
    struct buffer wire = translated(*state, "shapes.v1.Lists", buffer_text(&json), &notes);
    assert_int_equal(wire.len, 2 + 101); /* packed zeros */
    assert_in_range(strlen(notes.unknown_enum), 200, sizeof notes.unknown_enum - 1);
    assert_memory_equal(notes.unknown_enum, "colors=xxxxxxxx", 15);
    assert_memory_equal(notes.unknown_enum + 7 + 64, ", colors=pink, colors=pink", 26);
    assert_string_equal(notes.unknown_enum + strlen(notes.unknown_enum) - 11, "colors=pink");
}

static void a_json_cut_off_at_any_byte_is_refused(void **state)
{
    static const char whole[] =
        "{\"scalars\":{\"a_double\":-1.5e3,\"an_int64\":-12,\"a_bool\":true,\"a_string\":"
        "\"\\u00b5\\n\","
        "\"a_color\":\"red\"},\"lists\":{\"int32s\":[1,2],\"times\":[\"1970-01-01T00:00:00Z\"]},"
        "\"maps\":{\"by_string\":{\"k\":\"v\"}},\"node\":{\"next\":{\"next\":null}},\"unknown\":[{}"
        "]}";
    struct json_notes notes = { 0 };
    SCOPED(buffer)
    struct buffer wire = translated(*state, "shapes.v1.Everything", text_of(whole), &notes);
    assert_true(wire.len > 0);
    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_error_code(refusal(*state, "shapes.v1.Everything", (struct text){ whole, len }),
                          ERROR_INVALID_ARGUMENT);
}

/* open x depth, then close x depth. */
static struct buffer nested(const char *open, const char *inside, const char *close, size_t depth)
{
    struct buffer b = buffer_capped(1 << 20);
    for (size_t i = 0; i < depth; i++)
        buffer_append_cstr(&b, open);
    buffer_append_cstr(&b, inside);
    for (size_t i = 0; i < depth; i++)
        buffer_append_cstr(&b, close);
    return b;
}

static void json_nests_64_deep_and_no_deeper(void **state)
{
    struct json_notes notes = { 0 };
    SCOPED(buffer) struct buffer fits = nested("{\"next\":", "{}", "}", 63);
    SCOPED(buffer)
    struct buffer wire = translated(*state, "shapes.v1.Node", buffer_text(&fits), &notes);
    assert_true(wire.len >= 2 * 63);
    static const size_t depths[] = { 64, 10000 };
    for (size_t i = 0; i < ARRAY_LEN(depths); i++) {
        SCOPED(buffer) struct buffer known = nested("{\"next\":", "{}", "}", depths[i]);
        SCOPED(buffer) struct buffer unknown = nested("{\"x\":", "{}", "}", depths[i]);
        assert_error_code(refusal(*state, "shapes.v1.Node", buffer_text(&known)),
                          ERROR_RESOURCE_EXHAUSTED);
        assert_error_code(refusal(*state, "shapes.v1.Node", buffer_text(&unknown)),
                          ERROR_RESOURCE_EXHAUSTED);
    }
}

/* One level of Struct in JSON is three messages on the wire, and clients have their limits too. */
static void a_struct_nests_as_deep_as_its_messages_may(void **state)
{
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    SCOPED(buffer) struct buffer fits = nested("{\"a\":", "{}", "}", 20);
    SCOPED(buffer) struct buffer deeper = nested("{\"a\":", "{}", "}", 21);
    SCOPED(buffer) struct buffer lists = nested("[", "", "]", 33);
    SCOPED(buffer) struct buffer back = buffer_capped(REPLY_MAX);
    SCOPED(buffer)
    struct buffer wire = translated(*state, "google.protobuf.Value", buffer_text(&fits), &notes);
    const struct message *value = message_named(*state, "google.protobuf.Value");
    assert_true(json_from_wire(value, buffer_text(&wire), &back, &err));
    assert_true(text_equal(buffer_text(&back), buffer_text(&fits)));
    assert_error_code(refusal(*state, "google.protobuf.Value", buffer_text(&deeper)),
                      ERROR_RESOURCE_EXHAUSTED);
    assert_error_code(refusal(*state, "google.protobuf.Value", buffer_text(&lists)),
                      ERROR_RESOURCE_EXHAUSTED);
}

static void a_path_in_an_error_is_cut_without_breaking_a_character(void **state)
{
    /* The key's characters take two bytes each, so one of the two ends inside one. */
    static const char *const keys[] = { "", "x" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        SCOPED(buffer) struct buffer json = buffer_capped(4096);
        buffer_appendf(&json, "{\"numbers\":{\"%s", keys[i]);
        for (int k = 0; k < 700; k++)
            buffer_append_cstr(&json, "\xc2\xb5");
        assert_true(buffer_append_cstr(&json, "\":\"x\"}}"));
        struct error err = refusal(*state, "shapes.v1.Maps", buffer_text(&json));
        assert_true(text_is_utf8(text_of(err.field)));
        assert_true(text_is_utf8(text_of(err.message)));
        assert_non_null(strstr(err.message, "must be an integer, not "));

        SCOPED(buffer) struct buffer time = buffer_capped(4096);
        buffer_appendf(&time, "{\"at\":\"%s", keys[i]);
        for (int k = 0; k < 1000; k++)
            buffer_append_cstr(&time, "\xc2\xb5");
        assert_true(buffer_append_cstr(&time, "\"}"));
        err = refusal(*state, "shapes.v1.Times", buffer_text(&time));
        assert_true(text_is_utf8(text_of(err.message)));
    }
}

static void the_reply_has_the_callers_ceiling(void **state)
{
    const struct message *node = message_named(*state, "shapes.v1.Node");
    SCOPED(buffer) struct buffer exact = buffer_capped(9);
    SCOPED(buffer) struct buffer small = buffer_capped(8);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    const struct text json = TEXT("{\"next\":{\"name\":\"abcde\"}}");
    assert_true(json_to_wire(node, json, &exact, &notes, &err));
    assert_int_equal(exact.len, 9);
    assert_false(json_to_wire(node, json, &small, &notes, &err));
    assert_error_code(err, ERROR_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.message, "8 bytes"));
    for (size_t max = 0; max < 9; max++) { /* wherever it ends */
        SCOPED(buffer) struct buffer any = buffer_capped(max);
        struct error why = { 0 };
        assert_false(json_to_wire(node, json, &any, &notes, &why));
        assert_error_code(why, ERROR_RESOURCE_EXHAUSTED);
    }
}

/* ---- answers ------------------------------------------------------------------------------ */

#define JSON "application/json"

/* The answer to a request that followed the method's first rule. */
static bool reply_with(const struct method *m, const char *content_type, struct text body,
                       struct buffer *out, struct json_notes *notes, struct error *err)
{
    const struct http_answer answer = { text_of(content_type), body };
    return transcode_reply(&m->bindings[0], &answer, out, notes, err);
}

static void assert_reply(const struct schema *schema, const char *method, const char *body,
                         const char *message, const char *expected)
{
    char name[128];
    (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", method);
    SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    if (!reply_with(method_named(schema, name), JSON, text_of(body), &out, &notes, &err))
        fail_msg("%s: %s", body, err.message);
    assert_same_message(message, buffer_text(&out), expected, body);
}

static void response_body_is_filled_by_the_whole_answer(void **state)
{
    assert_reply(*state, "ListBooks", "[]", "shapes.v1.ListReply", "");
    assert_reply(*state, "ListBooks", "[{}]", "shapes.v1.ListReply", "books {}");
    assert_reply(*state, "ListBooks", "[{\"name\":\"a\"},{\"name\":\"b\"}]", "shapes.v1.ListReply",
                 "books { name: 'a' } books { name: 'b' }");
    assert_reply(*state, "ListBooks", "null", "shapes.v1.ListReply", ""); /* a nil slice of Go */
    assert_reply(*state, "ListNumbers", "[1,0,-1]", "shapes.v1.NumbersReply",
                 "numbers: 1 numbers: 0 numbers: -1");
    assert_reply(*state, "GetScalar", "42", "shapes.v1.ScalarReply", "value: 42");
    assert_reply(*state, "GetScalar", "0", "shapes.v1.ScalarReply", "");
    assert_reply(*state, "GetOptional", "\"\"", "shapes.v1.OptionalReply", "value: ''");
    assert_reply(*state, "GetOptional", "null", "shapes.v1.OptionalReply", "");
    assert_reply(*state, "GetMessage", "{\"name\":\"a\"}", "shapes.v1.MessageReply",
                 "book { name: 'a' }");
    assert_reply(*state, "GetMap", "{\"a\":1}", "shapes.v1.MapReply",
                 "counts { key: 'a' value: 1 }");
    assert_reply(*state, "GetTime", "\"1970-01-01T00:00:01Z\"", "shapes.v1.TimeReply",
                 "at { seconds: 1 }");
}

static void a_reply_that_is_no_object_is_the_json_itself(void **state)
{
    assert_reply(*state, "SendStruct", "{\"k\":[1]}", "google.protobuf.Struct",
                 "fields { key: 'k' value { list_value { values { number_value: 1 } } } }");
    assert_reply(*state, "SendValue", "null", "google.protobuf.Value", "null_value: NULL_VALUE");
    assert_reply(*state, "SendValue", "\"a\"", "google.protobuf.Value", "string_value: 'a'");
    assert_reply(*state, "SendList", "[null]", "google.protobuf.ListValue",
                 "values { null_value: NULL_VALUE }");
    assert_reply(*state, "SendNumber", "-9223372036854775808", "google.protobuf.Int64Value",
                 "value: -9223372036854775808");
    assert_reply(*state, "SendMask", "\"aB,c\"", "google.protobuf.FieldMask",
                 "paths: 'a_b' paths: 'c'");
    assert_reply(*state, "SendTime", "\"1970-01-01T00:00:01Z\"", "google.protobuf.Timestamp",
                 "seconds: 1");
    assert_reply(*state, "SendObject", "null", "shapes.v1.ObjectReply",
                 "value { null_value: NULL_VALUE }");
    assert_reply(*state, "SendObject", "[]", "shapes.v1.ObjectReply", "value { list_value {} }");
}

static void each_rule_has_its_own_response_body(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.ListEither");
    static const char *const bodies[] = { "[{\"name\":\"a\"}]", "{\"books\":[{\"name\":\"a\"}]}" };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct http_answer answer = { TEXT(JSON), text_of(bodies[i]) };
        SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
        struct json_notes notes = { 0 };
        struct error err = { 0 };
        assert_true(transcode_reply(&m->bindings[i], &answer, &out, &notes, &err));
        assert_same_message("shapes.v1.ListReply", buffer_text(&out), "books { name: 'a' }",
                            bodies[i]);
    }
}

static void an_http_body_takes_any_bytes_under_any_type(void **state)
{
    static const struct {
        const char *method;
        const char *message;
        const char *content_type;
        struct text body;
        const char *expected;
    } rows[] = {
        { "GetRaw", "google.api.HttpBody", "text/html", TEXT("<p>\0\377"),
          "content_type: 'text/html' data: '<p>\\000\\377'" },
        { "GetRaw", "google.api.HttpBody", "", TEXT("{}"), "data: '{}'" },
        { "GetRaw", "google.api.HttpBody", "text/plain", TEXT(""), "content_type: 'text/plain'" },
        { "GetRaw", "google.api.HttpBody", "", TEXT(""), "" },
        { "PutRaw", "shapes.v1.RawReply", "a/b", TEXT("x"),
          "content { content_type: 'a/b' data: 'x' }" },
        { "PutRaw", "shapes.v1.RawReply", "", TEXT(""), "content {}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", rows[i].method);
        const struct method *m = method_named(*state, name);
        SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
        struct json_notes notes = { 0 };
        struct error err = { 0 };
        assert_true(reply_with(m, rows[i].content_type, rows[i].body, &out, &notes, &err));
        assert_same_message(rows[i].message, buffer_text(&out), rows[i].expected, rows[i].expected);
        for (size_t max = 0; max < out.len; max++) {
            SCOPED(buffer) struct buffer less = buffer_capped(max);
            struct error why = { 0 };
            assert_false(reply_with(m, rows[i].content_type, rows[i].body, &less, &notes, &why));
            assert_error_code(why, ERROR_RESOURCE_EXHAUSTED);
        }
    }
    const struct method *m = method_named(*state, "shapes.v1.Shapes.GetRaw");
    SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    assert_false(reply_with(m, "text/\xe9", TEXT("x"), &out, &notes, &err));
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
}

static void an_empty_body_is_an_empty_message(void **state)
{
    assert_reply(*state, "ListBooks", "", "shapes.v1.ListReply", "");
    assert_reply(*state, "GetOne", "", "shapes.v1.Book", "");
    assert_reply(*state, "DeleteAll", "", "google.protobuf.Empty", "");
}

static void any_json_is_an_empty_reply(void **state)
{
    static const char *const bodies[] = {
        "{}", "null", "true", "\"deleted\"", "7", "[1,[2]]", "{\"id\":\"x\",\"deep\":{\"a\":[]}}"
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        assert_reply(*state, "DeleteAll", bodies[i], "google.protobuf.Empty", "");
}

static struct error reply_refusal(const struct schema *schema, const char *method, const char *body)
{
    SCOPED(buffer) struct buffer out = buffer_capped(REPLY_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    if (reply_with(method_named(schema, method), JSON, text_of(body), &out, &notes, &err))
        fail_msg("accepted: %s", body);
    return err;
}

static void an_answer_that_does_not_fit_is_refused_naming_the_json_path(void **state)
{
    static const struct {
        const char *method;
        const char *body;
        const char *field;
    } bad[] = {
        { "ListBooks", "{}", "books" },
        { "ListBooks", "[{},{\"pages\":\"a\"}]", "books[1].pages" },
        { "ListBooks", "{\"books\":[]}", "books" },
        { "GetMessage", "[]", "book" },
        { "GetScalar", "\"a\"", "value" },
        { "GetOne", "[]", "" },
        { "SendStruct", "[]", "" },
        { "SendNumber", "null", "" },
        { "SendList", "[[[1e999]]]", "[0][0][0]" },
        { "SendObject", "{\"a\":1e999}", "value[\"a\"]" },
        { "ListBooks", "[{}", "" },
        { "ListBooks", "[] []", "" },
        { "DeleteAll", "deleted", "" },
        { "DeleteAll", "{} {}", "" },
        { "DeleteAll", "{", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", bad[i].method);
        struct error err = reply_refusal(*state, name, bad[i].body);
        assert_error_code(err, ERROR_INVALID_ARGUMENT);
        assert_string_equal(err.field, bad[i].field);
    }
}

static void a_list_of_ten_thousand_snapshots_keeps_every_one(void **state)
{
    const struct method *m = method_named(*state, "hypeman.v1.SnapshotService.ListSnapshots");
    SCOPED(buffer) struct buffer body = buffer_capped(REPLY_MAX);
    for (int i = 0; i < 10000; i++)
        buffer_appendf(
            &body,
            "%s{\"id\":\"snap-%d\",\"name\":null,\"kind\":\"Standby\",\"tags\":{\"n\":\"%d\"},"
            "\"created_at\":\"2026-03-06T13:56:11Z\",\"size_bytes\":%lld,"
            "\"compression_state\":\"none\",\"source_hypervisor\":\"cloud-hypervisor\"}",
            i == 0 ? "[" : ",", i, i, 9007199254740993LL + i);
    assert_true(buffer_append_cstr(&body, "]"));

    SCOPED(buffer) struct buffer wire = buffer_capped(REPLY_MAX);
    SCOPED(buffer) struct buffer json = buffer_capped(REPLY_MAX);
    struct json_notes notes = { 0 };
    struct error err = { 0 };
    assert_true(reply_with(m, JSON, buffer_text(&body), &wire, &notes, &err));
    assert_int_equal(notes.unknown_members, 0);
    assert_true(json_from_wire(m->reply, buffer_text(&wire), &json, &err));
    size_t found = 0;
    const char *end = json.data + json.len;
    for (const char *at = json.data; at != NULL && at < end; found++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "\"size_bytes\":%lld,",
                       9007199254740993LL + (long long)found);
        at = memmem(at, (size_t)(end - at), expected, strlen(expected));
        if (at == NULL)
            break;
    }
    assert_int_equal(found, 10000);
}

static void a_wrong_value_deep_in_a_list_is_named(void **state)
{
    struct error err =
        reply_refusal(*state, "hypeman.v1.SnapshotService.ListSnapshots",
                      "[{\"size_bytes\":1},{},{},{\"id\":\"x\",\"size_bytes\":\"many\"}]");
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.field, "snapshots[3].size_bytes");
    assert_string_equal(err.message, "snapshots[3].size_bytes must be an integer, not a string");
}

int main(void)
{
    const struct CMUnitTest shapes[] = {
        cmocka_unit_test(every_kind_of_value_is_understood),
        cmocka_unit_test(what_does_not_fit_is_refused_naming_the_json_path),
        cmocka_unit_test(a_type_without_translation_is_not_supported),
        cmocka_unit_test(unknown_members_are_skipped_and_counted),
        cmocka_unit_test(an_enum_text_that_is_not_known_becomes_unspecified_and_is_noted),
        cmocka_unit_test(notes_about_enums_are_cut_one_by_one_and_within_their_room),
        cmocka_unit_test(a_json_cut_off_at_any_byte_is_refused),
        cmocka_unit_test(json_nests_64_deep_and_no_deeper),
        cmocka_unit_test(a_struct_nests_as_deep_as_its_messages_may),
        cmocka_unit_test(a_path_in_an_error_is_cut_without_breaking_a_character),
        cmocka_unit_test(the_reply_has_the_callers_ceiling),
        cmocka_unit_test(response_body_is_filled_by_the_whole_answer),
        cmocka_unit_test(a_reply_that_is_no_object_is_the_json_itself),
        cmocka_unit_test(each_rule_has_its_own_response_body),
        cmocka_unit_test(an_http_body_takes_any_bytes_under_any_type),
        cmocka_unit_test(an_empty_body_is_an_empty_message),
        cmocka_unit_test(any_json_is_an_empty_reply),
        cmocka_unit_test(an_answer_that_does_not_fit_is_refused_naming_the_json_path),
    };
    const struct CMUnitTest hypeman[] = {
        cmocka_unit_test(a_list_of_ten_thousand_snapshots_keeps_every_one),
        cmocka_unit_test(a_wrong_value_deep_in_a_list_is_named),
    };
    int failed = cmocka_run_group_tests_name("gateway/transcode/from_json: shapes", shapes,
                                             given_shapes, forget_schema);
    return failed + cmocka_run_group_tests_name("gateway/transcode/from_json: hypeman", hypeman,
                                                given_hypeman, forget_schema);
}
