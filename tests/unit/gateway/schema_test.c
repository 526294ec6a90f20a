#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "common/http/path_template.h"
#include "gateway/transcode/wire.h"

/* ---- the Hypeman API ---------------------------------------------------------------------- */

static void the_hypeman_api_has_its_two_services_with_a_rule_for_every_method(void **state)
{
    const struct schema *schema = *state;
    assert_int_equal(schema_method_count(schema), 25);
    for (size_t i = 0; i < schema_method_count(schema); i++) {
        const struct method *m = schema_method(schema, i);
        assert_int_equal(m->binding_count, 1);
        assert_ptr_equal(schema_find_method(schema, m->path), m);
        assert_false(m->client_streams);
        assert_int_equal(m->server_streams,
                         text_equal_cstr(m->full_name, "hypeman.v1.InstanceService.StreamLogs"));
    }
}

static const struct {
    const char *method;
    enum http_method verb;
    const char *path;
    enum body_rule body;
} hypeman_rules[] = {
    { "SnapshotService.CreateSnapshot", HTTP_POST, "/instances/{instance_id}/snapshots", BODY_ALL },
    { "SnapshotService.ListSnapshots", HTTP_GET, "/snapshots", BODY_NONE },
    { "SnapshotService.GetSnapshot", HTTP_GET, "/snapshots/{snapshot_id}", BODY_NONE },
    { "SnapshotService.DeleteSnapshot", HTTP_DELETE, "/snapshots/{snapshot_id}", BODY_NONE },
    { "SnapshotService.SetSnapshotSchedule", HTTP_PUT, "/instances/{instance_id}/snapshot-schedule",
      BODY_ALL },
    { "InstanceService.UpdateInstance", HTTP_PATCH, "/instances/{instance_id}", BODY_ALL },
    { "InstanceService.StopInstance", HTTP_POST, "/instances/{instance_id}/stop", BODY_NONE },
};

static void a_rule_gives_verb_path_and_body(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(hypeman_rules); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "hypeman.v1.%s", hypeman_rules[i].method);
        const struct binding *b = &method_named(*state, name)->bindings[0];
        assert_int_equal(b->verb, hypeman_rules[i].verb);
        assert_text(path_template_source(b->path), hypeman_rules[i].path);
        assert_int_equal(b->body, hypeman_rules[i].body);
    }
}

static void a_method_is_found_by_its_http2_path_only(void **state)
{
    const struct schema *schema = *state;
    const struct method *m =
        schema_find_method(schema, TEXT("/hypeman.v1.SnapshotService/GetSnapshot"));
    assert_non_null(m);
    assert_text(m->full_name, "hypeman.v1.SnapshotService.GetSnapshot");
    assert_text(m->request->full_name, "hypeman.v1.GetSnapshotRequest");
    assert_text(m->reply->full_name, "hypeman.v1.Snapshot");
    assert_null(schema_find_method(schema, TEXT("hypeman.v1.SnapshotService/GetSnapshot")));
    assert_null(schema_find_method(schema, TEXT("/hypeman.v1.SnapshotService/Nope")));
    assert_null(schema_find_method(schema, TEXT("/hypeman.v1.SnapshotService/GetSnapshot/")));
    assert_null(schema_find_method(schema, TEXT("")));
}

static void a_bare_array_fills_the_field_response_body_names(void **state)
{
    const struct method *m = method_named(*state, "hypeman.v1.SnapshotService.ListSnapshots");
    assert_non_null(m->bindings[0].response_body);
    assert_text(m->bindings[0].response_body->name, "snapshots");
    assert_true(m->bindings[0].response_body->is_repeated);
}

static void error_rules_are_kept_in_order(void **state)
{
    const struct method *m = method_named(*state, "hypeman.v1.SnapshotService.CreateSnapshot");
    assert_int_equal(m->error_rule_count, 3);
    assert_int_equal(m->error_rules[0].http_status, 409);
    assert_text(m->error_rules[0].reason, "conflict");
    assert_text(m->error_rules[0].message_prefix, "instance already exists: ");
    assert_int_equal(m->error_rules[0].code, 6);
    assert_text(m->error_rules[1].message_prefix, "");
    assert_int_equal(m->error_rules[1].code, 9);
    assert_text(m->error_rules[2].reason, "ambiguous");
}

static void enum_values_carry_their_spelling_and_unspecified_has_none(void **state)
{
    const struct message *snapshot = message_named(*state, "hypeman.v1.Snapshot");
    const struct enumeration *e =
        message_find_name(snapshot, TEXT("source_hypervisor"))->enumeration;
    assert_text(e->full_name, "hypeman.v1.Hypervisor");
    assert_text(enumeration_find_number(e, 1)->json, "cloud-hypervisor");
    assert_int_equal(enumeration_find_json(e, TEXT("qemu"))->number, 3);
    assert_null(enumeration_find_number(e, 0)->json.data);
    assert_null(enumeration_find_json(e, TEXT("")));
    assert_null(enumeration_find_json(e, TEXT("HYPERVISOR_QEMU")));
    assert_null(enumeration_find_number(e, 99));
}

static void every_field_of_every_message_is_found_by_number_and_by_name(void **state)
{
    static const char *const names[] = { "hypeman.v1.Instance", "hypeman.v1.Snapshot",
                                         "hypeman.v1.CreateInstanceRequest",
                                         "hypeman.v1.InstanceNetwork" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct message *m = message_named(*state, names[i]);
        assert_true(m->field_count > 0);
        for (size_t f = 0; f < m->field_count; f++) {
            assert_ptr_equal(message_find_number(m, m->fields[f].number), &m->fields[f]);
            assert_ptr_equal(message_find_name(m, m->fields[f].json_name), &m->fields[f]);
            assert_int_equal(field_index(m, &m->fields[f]), f);
        }
        assert_null(message_find_number(m, 0));
        assert_null(message_find_number(m, 9999));
        assert_null(message_find_number(m, UINT32_MAX));
        assert_null(message_find_name(m, TEXT("nope")));
        assert_null(message_find_name(m, TEXT("")));
    }
}

static void presence_follows_optional_messages_and_oneofs(void **state)
{
    const struct message *m = message_named(*state, "hypeman.v1.Snapshot");
    assert_false(message_find_name(m, TEXT("id"))->has_presence);
    assert_true(message_find_name(m, TEXT("name"))->has_presence);
    assert_true(message_find_name(m, TEXT("created_at"))->has_presence);
    assert_false(message_find_name(m, TEXT("tags"))->has_presence);
    assert_true(message_find_name(m, TEXT("tags"))->is_map);
    assert_int_equal(message_find_name(m, TEXT("name"))->oneof, -1);
    assert_int_equal(message_find_name(m, TEXT("created_at"))->message->form, FORM_TIMESTAMP);
    const struct message *schedule = message_named(*state, "hypeman.v1.SnapshotSchedule");
    assert_true(message_find_name(schedule, TEXT("interval"))->is_go_duration);
}

/* ---- shapes ------------------------------------------------------------------------------- */

static void json_names_are_the_names_as_written_unless_the_author_chose_another(void **state)
{
    const struct message *m = message_named(*state, "shapes.v1.Named");
    assert_non_null(message_find_name(m, TEXT("snake_case_name")));
    assert_text(message_find_name(m, TEXT("snake_case_name"))->json_name, "snake_case_name");
    assert_text(message_find_name(m, TEXT("@type"))->name, "renamed");
    assert_text(message_find_name(m, TEXT("howMany"))->name, "camel");
    assert_null(message_find_name(m, TEXT("renamed")));
}

/* proto3 JSON asks its readers to know both. */
static void the_lower_camel_case_name_is_found_too_unless_it_belongs_to_another(void **state)
{
    const struct message *m = message_named(*state, "shapes.v1.Named");
    assert_text(message_find_name(m, TEXT("snakeCaseName"))->name, "snake_case_name");
    assert_null(message_find_name(m, TEXT("SnakeCaseName")));

    SCOPED(buffer)
    struct buffer set = descriptors_of(
        "message Req { string a_b = 1 [json_name = 'x']; string c_d = 2; string other = 3"
        " [json_name = 'cD']; } service S { rpc Do(Req) returns (Req); }");
    struct schema *schema = NULL;
    struct error err = { 0 };
    assert_true(schema_load(buffer_text(&set), &schema, &err));
    m = message_named(schema, "bad.v1.Req");
    assert_text(message_find_name(m, TEXT("cD"))->name, "other");
    assert_text(message_find_name(m, TEXT("c_d"))->name, "c_d");
    assert_text(message_find_name(m, TEXT("x"))->name, "a_b");
    assert_null(message_find_name(m, TEXT("aB")));
    schema_free(schema);
}

static void a_oneof_member_knows_its_oneof(void **state)
{
    const struct message *m = message_named(*state, "shapes.v1.Choice");
    assert_int_equal(m->oneof_count, 2);
    assert_int_equal(message_find_name(m, TEXT("text"))->oneof, 0);
    assert_int_equal(message_find_name(m, TEXT("node"))->oneof, 0);
    assert_int_equal(message_find_name(m, TEXT("right"))->oneof, 1);
    assert_int_equal(message_find_name(m, TEXT("beside"))->oneof, -1);
    assert_true(message_find_name(m, TEXT("flag"))->has_presence);
    /* proto3 `optional` is a oneof to the descriptor, not to us. */
    assert_int_equal(
        message_find_name(message_named(*state, "shapes.v1.Optionals"), TEXT("a_bool"))->oneof, -1);
}

static void without_any_spelling_the_names_of_an_enum_are_its_json(void **state)
{
    const struct message *m = message_named(*state, "shapes.v1.Scalars");
    const struct enumeration *e = message_find_name(m, TEXT("a_plain"))->enumeration;
    assert_text(enumeration_find_number(e, 0)->json, "PLAIN_ZERO");
    assert_int_equal(enumeration_find_json(e, TEXT("PLAIN_ONE"))->number, 1);
    e = message_find_name(m, TEXT("a_color"))->enumeration;
    assert_int_equal(enumeration_find_json(e, TEXT("below zero"))->number, -3);
}

static void well_known_types_have_forms_of_their_own(void **state)
{
    const struct schema *s = *state;
    assert_int_equal(message_named(s, "google.protobuf.Timestamp")->form, FORM_TIMESTAMP);
    assert_int_equal(message_named(s, "google.protobuf.Duration")->form, FORM_DURATION);
    assert_int_equal(message_named(s, "google.protobuf.Empty")->form, FORM_EMPTY);
    assert_int_equal(message_named(s, "google.protobuf.Any")->form, FORM_ANY);
    assert_int_equal(message_named(s, "google.protobuf.Struct")->form, FORM_STRUCT);
    assert_int_equal(message_named(s, "google.protobuf.Value")->form, FORM_VALUE);
    assert_int_equal(message_named(s, "google.protobuf.ListValue")->form, FORM_LIST);
    assert_int_equal(message_named(s, "google.protobuf.FieldMask")->form, FORM_FIELD_MASK);
    assert_int_equal(message_named(s, "google.protobuf.BytesValue")->form, FORM_WRAPPER);
    assert_text(message_named(s, "google.protobuf.BytesValue")->wrapped->name, "value");
    assert_int_equal(message_named(s, "google.api.HttpBody")->form, FORM_HTTP_BODY);
    assert_int_equal(message_named(s, "shapes.v1.Maps.ByBoolEntry")->form, FORM_MAP_ENTRY);
    assert_int_equal(message_named(s, "shapes.v1.Nested.Inner.Innermost")->form, FORM_OBJECT);
    assert_null(schema_find_message(s, TEXT("shapes.v1.Color")));
    assert_null(schema_find_message(s, TEXT(".shapes.v1.Node")));
}

static void additional_bindings_follow_the_first_rule(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.Find");
    assert_int_equal(m->binding_count, 3);
    assert_text(path_template_source(m->bindings[1].path), "/b/{b=only/*}");
    assert_int_equal(m->bindings[2].verb, HTTP_POST);
    assert_int_equal(m->bindings[2].body, BODY_FIELD);
    assert_text(m->bindings[2].body_field->name, "rest");
}

static void a_path_variable_may_lead_into_a_message(void **state)
{
    const struct binding *b = &method_named(*state, "shapes.v1.Shapes.GetBook")->bindings[0];
    assert_int_equal(b->variable_count, 1);
    assert_int_equal(b->variables[0].length, 2);
    assert_text(b->variables[0].steps[0]->name, "book");
    assert_text(b->variables[0].steps[1]->name, "name");
}

static void methods_without_a_rule_and_streaming_ones_are_known_all_the_same(void **state)
{
    assert_int_equal(method_named(*state, "shapes.v1.Shapes.Unruled")->binding_count, 0);
    assert_true(method_named(*state, "shapes.v1.Shapes.Watch")->server_streams);
    assert_true(method_named(*state, "shapes.v1.Shapes.Upload")->client_streams);
}

/* ---- refusals ----------------------------------------------------------------------------- */

#define RULE(rule)                                                                                 \
    "service S { rpc Do(Req) returns (Rep) { option (google.api.http) = {" rule "}; } }"
#define BODY_OF(request, variable)                                                                 \
    "service S { rpc Do(" request ") returns (Rep) { option (google.api.http) = "                  \
    "{ post: '/x/" variable "' body: '*' }; } }"
#define MESSAGES                                                                                   \
    "message Rep { string id = 1; repeated string ids = 2; }"                                      \
    "message Sub { string id = 1; Sub self = 2; }"                                                 \
    "message Flat { string id = 1; }"                                                              \
    "message Req { string id = 1; repeated string many = 2; map<string, string> tags = 3;"         \
    "  Flat flat = 4; google.protobuf.Timestamp at = 5; }"

static const struct {
    const char *source;
    const char *reason; /* what the message says after "bad.proto: bad.v1.S.Do: " */
} refused_rules[] = {
    { MESSAGES RULE("get: '/x/{nope}'"), "path variable {nope} is not a field of bad.v1.Req" },
    { MESSAGES RULE("get: '/x/{flat.nope}'"), "path variable {flat.nope} is not a field" },
    { MESSAGES RULE("get: '/x/{id.more}'"), "path variable {id.more} is not a field" },
    { MESSAGES RULE("get: '/x/{many}'"), "path variable {many} is a repeated field" },
    { MESSAGES RULE("get: '/x/{tags}'"), "path variable {tags} is a repeated field" },
    { MESSAGES RULE("get: '/x/{flat}'"), "path variable {flat} is a message" },
    { MESSAGES RULE("get: '/x/{at}'"), "path variable {at} is a message" },
    { MESSAGES RULE("get: '/x/{at.seconds}'"), "path variable {at.seconds}" },
    { MESSAGES RULE("post: '/x' body: 'nope'"), "body \"nope\" is not a field of bad.v1.Req" },
    { MESSAGES RULE("post: '/x' body: 'flat.id'"), "body \"flat.id\" is not a field" },
    { MESSAGES RULE("post: '/x/{id}' body: 'id'"),
      "field \"id\" is both in the path and the body" },
    { MESSAGES RULE("get: '/x' response_body: 'nope'"),
      "response_body \"nope\" is not a field of bad.v1.Rep" },
    { MESSAGES RULE("custom { kind: '*' path: '/x' }"),
      "custom kind \"*\" leaves open which verb" },
    { MESSAGES RULE("custom { kind: '' path: '/x' }"), "custom kind \"\" is no HTTP method" },
    { MESSAGES RULE("custom { path: '/x' }"), "custom kind \"\" is no HTTP method" },
    { MESSAGES RULE("custom { kind: 'A B' path: '/x' }"), "custom kind \"A B\" is no HTTP method" },
    { MESSAGES RULE("custom { kind: 'A\\r\\nB' path: '/x' }"), "is no HTTP method" },
    { MESSAGES RULE("custom { kind: 'ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG' path: '/x' }"),
      "is no HTTP method" },
    { MESSAGES RULE("custom { kind: 'CONNECT' path: '/x' }"), "asks for a tunnel" },
    { MESSAGES RULE("custom { kind: 'PURGE' }"), "a '/' must come first" },
    { MESSAGES RULE("custom { kind: 'HEAD' path: '/x' } body: '*'"), "HEAD requests have no body" },
    { MESSAGES RULE("custom { kind: 'TRACE' path: '/x' } body: 'id'"),
      "TRACE requests have no body" },
    { MESSAGES RULE("body: '*'"), "neither get, put, post, delete, patch nor custom" },
    { MESSAGES RULE(""), "neither get, put, post, delete, patch nor custom" },
    { MESSAGES RULE("get: ''"), "a '/' must come first" },
    { MESSAGES RULE("get: 'x'"), "a '/' must come first" },
    { MESSAGES RULE("get: '/x/{id'"), "a '}' is missing" },
    { MESSAGES RULE("get: '/x/{id=**}/y'"), "a segment after '**'" },
    { MESSAGES RULE("get: '/x/{id}/{id}'"), "given twice" },
    { MESSAGES RULE("get: '/x/../y'"), "'..' segment" },
    { MESSAGES RULE("get: '/x' additional_bindings { get: '/y/{nope}' }"),
      "path variable {nope} is not a field" },
    { MESSAGES RULE(
          "get: '/x' additional_bindings { get: '/y' additional_bindings { get: '/z' } }"),
      "additional_bindings cannot be nested" },
    { "message Rep {} message Sub { string id = 1; } message Req { repeated Sub subs = 1; }" RULE(
          "get: '/x'"),
      "field \"subs\" (bad.v1.Sub, repeated) cannot be sent in a query" },
    { MESSAGES RULE("get: '/x' additional_bindings { get: '/y' response_body: 'nope' }"),
      "response_body \"nope\" is not a field of bad.v1.Rep" },
    { MESSAGES RULE("get: '/x' additional_bindings { post: '/y' body: 'nope' }"),
      "body \"nope\" is not a field of bad.v1.Req" },
    { MESSAGES RULE("get: '/x' additional_bindings { body: '*' }"), "neither get, put" },
    { MESSAGES RULE("get: '/x' additional_bindings { get: '/x' }"),
      "GET /x is already the rule of bad.v1.S.Do" },
    { MESSAGES RULE("get: '/x/{id}' additional_bindings { post: '/x/{id}' } "
                    "additional_bindings { get: '/x/{id=*}' }"),
      "GET /x/{id=*} is already the rule of bad.v1.S.Do" },
    { "message Rep {} message Req { string id = 1; Req self = 2; repeated Req others = 3; }" RULE(
          "get: '/x/{id}'"),
      "field \"others\" (bad.v1.Req, repeated) cannot be sent in a query" },
    { "message Rep {} message Req { Sub one = 1; Sub two = 2; } message Sub { string id = 1;"
      " repeated Sub more = 2; }" RULE("get: '/x/{one.id}/{two.id}'"),
      "field \"more\" (bad.v1.Sub, repeated) cannot be sent in a query" },
    { "message Rep {} message Req { string value = 1; map<string, google.protobuf.Any> anys = 2; "
      "}" RULE("get: '/x'"),
      "field \"anys\" is a map of messages" },
    { "message Rep {}" BODY_OF("google.api.HttpBody", "{content_type}"),
      "the path takes a field of google.api.HttpBody, of which the body needs the whole" },
    { "message Rep {}" BODY_OF("google.protobuf.StringValue", "{value}"),
      "the path takes a field of google.protobuf.StringValue" },
    { "message Rep {} message Sub {} message Req { map<string, Sub> subs = 1; }" RULE("get: '/x'"),
      "field \"subs\" is a map of messages" },
    { "message Rep {} message Sub { repeated google.protobuf.Any anys = 1; }"
      "message Req { Sub sub = 1; string text = 2; }" RULE("post: '/x' body: 'text'"),
      "field \"anys\" (google.protobuf.Any, repeated) cannot be sent in a query" },
    { MESSAGES "service S { rpc First(Req) returns (Rep) { option (google.api.http) = "
               "{ get: '/x/{id}' }; }"
               "rpc Do(Req) returns (Rep) { option (google.api.http) = { get: '/x/{id}' }; } }",
      "GET /x/{id} is already the rule of bad.v1.S.First" },
    { MESSAGES "service S { rpc First(Req) returns (Rep) { option (google.api.http) = "
               "{ custom { kind: 'GET' path: '/x/{id=*}' } }; }"
               "rpc Do(Req) returns (Rep) { option (google.api.http) = { get: '/x/{id}' }; } }",
      "GET /x/{id} is already the rule of bad.v1.S.First" },
    { MESSAGES "service S { rpc First(Req) returns (Rep) { option (google.api.http) = "
               "{ get: '/y' additional_bindings { get: '/x' } }; }"
               "rpc Do(Req) returns (Rep) { option (google.api.http) = { get: '/x' }; } }",
      "GET /x is already the rule of bad.v1.S.First" },
    { MESSAGES "service S { rpc Do(Req) returns (Rep) {"
               "option (hypeman.gateway.v1.error_rules) = { reason: 'x' }; } }",
      "an error rule's code must be a gRPC error code" },
    { MESSAGES "service S { rpc Do(Req) returns (Rep) {"
               "option (hypeman.gateway.v1.timeout) = { nanos: 999999 }; } }",
      "the timeout must be from 1 millisecond to 24 hours" },
    { MESSAGES "service S { rpc Do(Req) returns (Rep) {"
               "option (hypeman.gateway.v1.timeout) = { seconds: 86400 nanos: 1000000 }; } }",
      "the timeout must be from 1 millisecond to 24 hours" },
    { MESSAGES "service S { rpc Do(Req) returns (Rep) {"
               "option (hypeman.gateway.v1.timeout) = { seconds: -1 }; } }",
      "the timeout must be from 1 millisecond to 24 hours" },
};

static void a_rule_that_cannot_work_is_refused_naming_file_method_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused_rules); i++) {
        SCOPED(buffer) struct buffer set = descriptors_of(refused_rules[i].source);
        struct schema *schema = NULL;
        struct error err = { 0 };
        if (schema_load(buffer_text(&set), &schema, &err)) {
            schema_free(schema);
            fail_msg("was not refused: %s", refused_rules[i].reason);
        }
        assert_null(schema);
        assert_error_code(err, ERROR_INVALID_ARGUMENT);
        if (strstr(err.message, refused_rules[i].reason) == NULL ||
            strncmp(err.message, "bad.proto: bad.v1.S.Do: ", 24) != 0)
            fail_msg("\"%s\" does not say \"%s\"", err.message, refused_rules[i].reason);
    }
}

static const char *const accepted_rules[] = {
    MESSAGES RULE("get: '/x/{id}/{flat.id}'"),
    MESSAGES RULE("post: '/x/{flat.id}' body: 'flat'"),
    MESSAGES RULE("get: '/x' additional_bindings { post: '/x' body: '*' }"),
    /* What the body takes need not fit a query. */
    "message Rep {} message Req { repeated Req self = 1; google.protobuf.Any any = 2; }" RULE(
        "post: '/x' body: '*'"),
    "message Rep {} message Req { repeated Req self = 1; string id = 2; }" RULE(
        "post: '/x' body: 'self'"),
    /* A value that a query cannot hold is refused when it is set, not the API. */
    "message Rep {} message Req { google.protobuf.Any any = 1; }" RULE("delete: '/x'"),
    "message Rep {} message Req { string id = 1; Req self = 2; }" RULE("get: '/x/{id}'"),
    "message Rep {} message Req { A a = 1; } message A { B b = 1; } message B { A a = 1; }" RULE(
        "get: '/x'"),
    /* The path takes all that a query could not hold. */
    MESSAGES RULE("get: '/x/{id=a/*/b/**}:verb'"),
    /* Other fields in the same places. */
    MESSAGES RULE("get: '/x/{id}' additional_bindings { get: '/x/{flat.id}' }"),
    MESSAGES RULE("custom { kind: 'TRACE' path: '/x' }"),
    MESSAGES RULE("get: '/x' body: '*'"),
    MESSAGES RULE("delete: '/x' body: 'flat'"),
    /* The same path with another verb. */
    MESSAGES "service S { rpc A(Req) returns (Rep) { option (google.api.http) = { get: '/x' }; }"
             "rpc B(Req) returns (Rep) { option (google.api.http) = { delete: '/x' }; } }",
    "message Rep {} message Req {} service S { rpc Do(Req) returns (Rep); }",
};

static void a_rule_that_can_work_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted_rules); i++) {
        SCOPED(buffer) struct buffer set = descriptors_of(accepted_rules[i]);
        struct schema *schema = NULL;
        struct error err = { 0 };
        if (!schema_load(buffer_text(&set), &schema, &err))
            fail_msg("%s: %s", accepted_rules[i], err.message);
        schema_free(schema);
    }
}

/* What protoc would never write, but a file may hold. */
#define FIELD(name, number, type)                                                                  \
    "field { name: '" name "' number: " number " type: " type " label: LABEL_OPTIONAL "
#define SERVICE                                                                                    \
    "service { name: 'S' method { name: 'Do' input_type: '.p.Req' output_type: '.p.Req' } } "
#define WELL_KNOWN(name, fields)                                                                   \
    "file { name: 'wk.proto' package: 'google.protobuf' message_type { name: '" name "' " fields   \
    " } } " FILE_OF("message_type { name: 'Req' }")
#define FILE_OF(messages)                                                                          \
    "file { name: 'odd.proto' package: 'p' syntax: 'proto3' " messages SERVICE "}"

static const struct {
    const char *set;
    const char *reason;
} refused_sets[] = {
    { "", "the descriptor set has no service" },
    { "file { name: 'odd.proto' message_type { name: 'Req' } }",
      "the descriptor set has no service" },
    { FILE_OF("message_type { name: 'Other' }"), "S.Do uses a message the descriptor set lacks" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "1",
                                                  "TYPE_MESSAGE") " type_name: '.p.Gone' } }"),
      "field p.Req.a has type .p.Gone, which the descriptor set lacks (was it made with "
      "--include_imports?)" },
    { FILE_OF(
          "message_type { name: 'Req' " FIELD("a", "1", "TYPE_ENUM") " type_name: '.p.Gone' } }"),
      "field p.Req.a has type .p.Gone" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "1", "TYPE_MESSAGE") " } }"),
      "field p.Req.a has type ?" },
    { FILE_OF(
          "message_type { name: 'Req' " FIELD("a", "1", "TYPE_ENUM") " type_name: '.p.Req' } }"),
      "field p.Req.a has type .p.Req" },
    { FILE_OF("message_type { name: 'Req' } message_type { name: 'Req' }"),
      "p.Req is defined twice" },
    { FILE_OF(
          "message_type { name: 'Req' " FIELD("a", "1", "TYPE_GROUP") " type_name: '.p.Req' } }"),
      "field p.Req.a is a proto2 group" },
    { FILE_OF("message_type { name: 'Req' field { name: 'a' number: 1 label: LABEL_OPTIONAL } }"),
      "field p.Req.a has no type" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "0", "TYPE_BOOL") " } }"),
      "field p.Req.a has the impossible number 0" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "-1", "TYPE_BOOL") " } }"),
      "field p.Req.a has the impossible number -1" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "536870912", "TYPE_BOOL") " } }"),
      "field p.Req.a has the impossible number 536870912" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "1", "TYPE_BOOL") " oneof_index: 0 } }"),
      "field p.Req.a is in a oneof that does not exist" },
    { FILE_OF(
          "message_type { name: 'Req' " FIELD("a", "1", "TYPE_BOOL") " oneof_index: -1 }"
                                                                     " oneof_decl { name: 'o' } }"),
      "field p.Req.a is in a oneof that does not exist" },
    { FILE_OF("message_type { name: 'Req' field { number: 1 type: TYPE_BOOL json_name: 'a' } }"),
      "has a field without a name" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "1", "TYPE_BOOL") " }" FIELD(
          "a", "2", "TYPE_BOOL") " } }"),
      "p.Req has two fields" },
    { FILE_OF("message_type { name: 'Req' " FIELD("a", "1", "TYPE_BOOL") " }" FIELD(
          "b", "1", "TYPE_BOOL") " } }"),
      "p.Req has two fields" },
    { FILE_OF("message_type { name: 'Req' nested_type { name: 'E' options { map_entry: true } } }"),
      "p.Req.E is a map entry without a fitting key and value" },
    { FILE_OF(
          "message_type { name: 'Req' nested_type { name: 'E' options { map_entry: true }" FIELD(
              "key", "1", "TYPE_BYTES") " }" FIELD("value", "2", "TYPE_BOOL") " } } }"),
      "p.Req.E is a map entry without a fitting key and value" },
    { FILE_OF(
          "message_type { name: 'Req' nested_type { name: 'E' options { map_entry: true }" FIELD(
              "key", "1", "TYPE_STRING") " }"
                                         "field { name: 'value' number: 2 type: TYPE_BOOL label: "
                                         "LABEL_REPEATED } } }"),
      "p.Req.E is a map entry without a fitting key and value" },
    /* Something else under a name whose JSON is known. */
    { WELL_KNOWN("Timestamp", ""),
      "google.protobuf.Timestamp is not what goes by that name: its field 1 differs" },
    { WELL_KNOWN("Duration",
                 FIELD("seconds", "1", "TYPE_INT64") "} " FIELD("nanos", "2", "TYPE_STRING") "}"),
      "google.protobuf.Duration is not what goes by that name: its field 2 differs" },
    { WELL_KNOWN("Int64Value", FIELD("value", "1", "TYPE_INT32") "}"),
      "google.protobuf.Int64Value is not what goes by that name: its field 1 differs" },
    { WELL_KNOWN("FieldMask", FIELD("paths", "1", "TYPE_STRING") "}"),
      "google.protobuf.FieldMask is not what goes by that name: its field 1 differs" },
    { WELL_KNOWN("ListValue",
                 "field { name: 'values' number: 1 type: TYPE_MESSAGE label: LABEL_REPEATED "
                 "type_name: '.google.protobuf.ListValue' }"),
      "google.protobuf.ListValue is not what goes by that name: its field 1 differs" },
    { WELL_KNOWN("Struct",
                 "field { name: 'fields' number: 1 type: TYPE_MESSAGE label: LABEL_REPEATED "
                 "type_name: '.google.protobuf.Struct' }"),
      "google.protobuf.Struct is not what goes by that name: its field 1 differs" },
    { WELL_KNOWN("Value", ""),
      "google.protobuf.Value is not what goes by that name: its field 1 differs" },
    /* Twice. */
    { "file { name: 'odd.proto' package: 'p' syntax: 'proto3' message_type { name: 'Req' }" SERVICE
          SERVICE "}",
      "odd.proto: p.S.Do: the method is defined twice" },
    { FILE_OF("message_type { name: 'Req' }") "file { name: 'more.proto' package: 'p' " SERVICE "}",
      "more.proto: p.S.Do: the method is defined twice" },
};

static void a_descriptor_set_that_does_not_hold_together_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused_sets); i++) {
        SCOPED(buffer) struct buffer set = descriptors_of_text(refused_sets[i].set);
        struct schema *schema = NULL;
        struct error err = { 0 };
        if (schema_load(buffer_text(&set), &schema, &err)) {
            schema_free(schema);
            fail_msg("was not refused: %s", refused_sets[i].reason);
        }
        assert_error_code(err, ERROR_INVALID_ARGUMENT);
        if (strstr(err.message, refused_sets[i].reason) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.message, refused_sets[i].reason);
    }
}

static void the_control_for_odd_sets_is_accepted(void **state)
{
    (void)state;
    SCOPED(buffer)
    struct buffer set = descriptors_of_text(FILE_OF("message_type { name: 'Req' " FIELD(
        "a", "536870911", "TYPE_BOOL") " oneof_index: 0 }"
                                       " oneof_decl { name: 'o' } }"));
    struct schema *schema = NULL;
    struct error err = { 0 };
    assert_true(schema_load(buffer_text(&set), &schema, &err));
    assert_int_equal(message_named(schema, "p.Req")->fields[0].number, 536870911);
    schema_free(schema);
}

static void a_missing_import_is_refused_with_the_remedy(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer set = file_bytes(SHAPES_SET);
    SCOPED(buffer) struct buffer without_imports = buffer_capped(set.len);
    struct wire_reader reader = wire_reader_from(buffer_text(&set));
    struct wire_record record = { 0 };
    struct error err = { 0 };
    struct schema *schema = NULL;
    bool more = true;
    struct text last = { 0 };
    while (wire_next(&reader, &record, &more, &err) && more)
        last = record.bytes; /* protoc puts imports before what imports them */
    wire_write_tag(&without_imports, 1, WIRE_BYTES);
    assert_true(wire_write_bytes(&without_imports, last));
    assert_false(schema_load(buffer_text(&without_imports), &schema, &err));
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "shapes.proto: "));
    assert_non_null(strstr(err.message, "--include_imports"));
}

static void assert_no_set(struct text bytes)
{
    struct schema *schema = NULL;
    struct error err = { 0 };
    assert_false(schema_load(bytes, &schema, &err));
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
    assert_null(schema);
}

static void bytes_that_are_no_descriptor_set_are_refused(void **state)
{
    (void)state;
    assert_no_set((struct text){ NULL, 0 });
    assert_no_set(TEXT("{\"file\": []}"));
    assert_no_set(TEXT("\x0a\xff\xff\xff\xff\x0f"));
    assert_no_set(TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

static void a_descriptor_set_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    SCOPED(buffer)
    struct buffer set = descriptors_of("message Req { string id = 1; }"
                                       "service S { rpc Do(Req) returns (Req) {"
                                       "option (google.api.http) = { get: '/x' };"
                                       "} }");
    for (size_t len = 0; len < set.len; len += len < 2000 || set.len - len < 2000 ? 1 : 97)
        assert_no_set((struct text){ set.data, len });
}

/* Messages inside each other, or rules inside rules, by wire bytes alone: every level of nesting is
 * a length-delimited `field`. */
static struct buffer nested_bytes(uint32_t field, size_t depth)
{
    struct buffer b = buffer_capped(1 << 20);
    for (size_t i = 0; i < depth; i++) {
        SCOPED(buffer) struct buffer inner = buffer_take(&b);
        wire_write_tag(&b, field, WIRE_BYTES);
        assert_true(wire_write_bytes(&b, buffer_text(&inner)));
    }
    return b;
}

static struct buffer wrapped(uint32_t field, struct buffer *content)
{
    SCOPED(buffer) struct buffer inner = buffer_take(content);
    struct buffer b = buffer_capped(1 << 20);
    wire_write_tag(&b, field, WIRE_BYTES);
    assert_true(wire_write_bytes(&b, buffer_text(&inner)));
    return b;
}

static void declarations_nested_10000_deep_are_refused_without_a_deep_stack(void **state)
{
    (void)state;
    /* FileDescriptorSet.file.message_type.nested_type.nested_type... */
    struct buffer types = nested_bytes(3, 10000);
    struct buffer message_type = wrapped(4, &types);
    SCOPED(buffer) struct buffer set = wrapped(1, &message_type);
    assert_no_set(buffer_text(&set));
}

static void rules_nested_10000_deep_are_refused_without_a_deep_stack(void **state)
{
    (void)state;
    /* file.service.method.options.[http].additional_bindings.additional_bindings... */
    struct buffer rules = nested_bytes(11, 10000);
    struct buffer http = wrapped(72295728, &rules);
    struct buffer options = wrapped(4, &http);
    buffer_append(&options,
                  "\x0a\x02"
                  "Do\x12\x04.Req\x1a\x04.Req",
                  16);
    struct buffer method = wrapped(2, &options);
    struct buffer file = wrapped(6, &method);
    buffer_append(&file, "\x22\x05\x0a\x03Req", 7); /* message_type { name: "Req" } */
    SCOPED(buffer) struct buffer set = wrapped(1, &file);
    assert_no_set(buffer_text(&set));
}

int main(void)
{
    const struct CMUnitTest hypeman[] = {
        cmocka_unit_test(the_hypeman_api_has_its_two_services_with_a_rule_for_every_method),
        cmocka_unit_test(a_rule_gives_verb_path_and_body),
        cmocka_unit_test(a_method_is_found_by_its_http2_path_only),
        cmocka_unit_test(a_bare_array_fills_the_field_response_body_names),
        cmocka_unit_test(error_rules_are_kept_in_order),
        cmocka_unit_test(enum_values_carry_their_spelling_and_unspecified_has_none),
        cmocka_unit_test(every_field_of_every_message_is_found_by_number_and_by_name),
        cmocka_unit_test(presence_follows_optional_messages_and_oneofs),
    };
    const struct CMUnitTest shapes[] = {
        cmocka_unit_test(json_names_are_the_names_as_written_unless_the_author_chose_another),
        cmocka_unit_test(the_lower_camel_case_name_is_found_too_unless_it_belongs_to_another),
        cmocka_unit_test(a_oneof_member_knows_its_oneof),
        cmocka_unit_test(without_any_spelling_the_names_of_an_enum_are_its_json),
        cmocka_unit_test(well_known_types_have_forms_of_their_own),
        cmocka_unit_test(additional_bindings_follow_the_first_rule),
        cmocka_unit_test(a_path_variable_may_lead_into_a_message),
        cmocka_unit_test(methods_without_a_rule_and_streaming_ones_are_known_all_the_same),
    };
    const struct CMUnitTest refusals[] = {
        cmocka_unit_test(a_rule_that_cannot_work_is_refused_naming_file_method_and_reason),
        cmocka_unit_test(a_rule_that_can_work_is_accepted),
        cmocka_unit_test(a_descriptor_set_that_does_not_hold_together_is_refused),
        cmocka_unit_test(the_control_for_odd_sets_is_accepted),
        cmocka_unit_test(a_missing_import_is_refused_with_the_remedy),
        cmocka_unit_test(bytes_that_are_no_descriptor_set_are_refused),
        cmocka_unit_test(a_descriptor_set_cut_off_anywhere_is_refused),
        cmocka_unit_test(declarations_nested_10000_deep_are_refused_without_a_deep_stack),
        cmocka_unit_test(rules_nested_10000_deep_are_refused_without_a_deep_stack),
    };
    int failed = cmocka_run_group_tests_name("gateway/transcode/schema: hypeman", hypeman,
                                             given_hypeman, forget_schema);
    failed += cmocka_run_group_tests_name("gateway/transcode/schema: shapes", shapes, given_shapes,
                                          forget_schema);
    failed +=
        cmocka_run_group_tests_name("gateway/transcode/schema: refusals", refusals, NULL, NULL);
    return failed;
}
