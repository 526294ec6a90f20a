#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/proxy/rpc_status.h"
#include "gateway/services/reflection.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest request_proto;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_proto;
typedef Grpc__Reflection__V1__ServerReflectionRequest__MessageRequestCase question_case;
#define ASKS(name)    GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define ANSWERS(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

/* ---- One stream ---------------------------------------------------------------------------- */

struct scene {
    struct buffer api;
    struct buffer own;
    struct catalog *catalog;
};

static int given_catalog(void **state)
{
    static struct scene s;
    struct error err = { 0 };
    s.api = file_bytes(HYPEMAN_SET);
    s.own = file_bytes(OWN_SET);
    *state = &s;
    return catalog_new(buffer_text(&s.api), buffer_text(&s.own), &s.catalog, &err) ? 0 : -1;
}

static int forget_catalog(void **state)
{
    struct scene *s = *state;
    catalog_free(s->catalog);
    buffer_fini(&s->api);
    buffer_fini(&s->own);
    return 0;
}

static struct reflection_session open_stream(const struct catalog *catalog)
{
    struct reflection_session session;
    struct error err = { 0 };
    assert_true(reflection_session_init(&session, catalog, &err));
    return session;
}

static void reflection_session_scope_end(struct reflection_session *session)
{
    reflection_session_fini(session);
}

/* The answer as stock code reads it, which repeats host and question. */
static response_proto *ask(struct reflection_session *session, const request_proto *question)
{
    uint8_t bytes[1024];
    struct error err = { 0 };
    size_t len = grpc__reflection__v1__server_reflection_request__pack(question, bytes);
    SCOPED(buffer) struct buffer reply = buffer_capped(16 << 20);
    if (!reflection_answer(session, (struct text){ (const char *)bytes, len }, &reply, &err))
        fail_msg("%s", err.message);
    response_proto *answer = grpc__reflection__v1__server_reflection_response__unpack(
        NULL, reply.len, (const uint8_t *)reply.data);
    assert_non_null(answer);
    assert_string_equal(answer->valid_host, question->host);
    uint8_t echo[1024];
    assert_non_null(answer->original_request);
    assert_int_equal(
        grpc__reflection__v1__server_reflection_request__pack(answer->original_request, echo), len);
    assert_memory_equal(echo, bytes, len);
    return answer;
}

static void response_proto_scope_end(response_proto **answer)
{
    grpc__reflection__v1__server_reflection_response__free_unpacked(*answer, NULL);
}

static response_proto *ask_text(struct reflection_session *session, question_case what,
                                const char *text)
{
    request_proto question;
    grpc__reflection__v1__server_reflection_request__init(&question);
    question.host = UNCONST("here");
    question.message_request_case = what;
    question.file_by_filename = UNCONST(text); /* all texts share their place */
    return ask(session, &question);
}

static response_proto *ask_extension(struct reflection_session *session, const char *type,
                                     int32_t number)
{
    request_proto question;
    Grpc__Reflection__V1__ExtensionRequest extension;
    grpc__reflection__v1__server_reflection_request__init(&question);
    grpc__reflection__v1__extension_request__init(&extension);
    extension.containing_type = UNCONST(type);
    extension.extension_number = number;
    question.message_request_case = ASKS(FILE_CONTAINING_EXTENSION);
    question.file_containing_extension = &extension;
    return ask(session, &question);
}

/* The names of the files in an answer, separated by blanks. Each must be byte for byte as in the
 * set. */
static void assert_files(const struct scene *s, const response_proto *answer, const char *names)
{
    char found[1024] = "";
    assert_int_equal(answer->message_response_case, ANSWERS(FILE_DESCRIPTOR_RESPONSE));
    for (size_t i = 0; i < answer->file_descriptor_response->n_file_descriptor_proto; i++) {
        const ProtobufCBinaryData *bytes =
            &answer->file_descriptor_response->file_descriptor_proto[i];
        Google__Protobuf__FileDescriptorProto *file =
            google__protobuf__file_descriptor_proto__unpack(NULL, bytes->len, bytes->data);
        assert_non_null(file);
        size_t index = catalog_find_file(s->catalog, text_of(file->name));
        struct text original = catalog_file(s->catalog, index)->bytes;
        assert_int_equal(bytes->len, original.len);
        assert_memory_equal(bytes->data, original.data, original.len);
        size_t used = strlen(found);
        (void)snprintf(found + used, sizeof found - used, "%s%s", i == 0 ? "" : " ", file->name);
        google__protobuf__file_descriptor_proto__free_unpacked(file, NULL);
    }
    assert_string_equal(found, names);
}

static void assert_error(const response_proto *answer, enum rpc_code code, const char *message)
{
    assert_int_equal(answer->message_response_case, ANSWERS(ERROR_RESPONSE));
    assert_int_equal(answer->error_response->error_code, code);
    assert_string_equal(answer->error_response->error_message, message);
}

/* ---- Questions ----------------------------------------------------------------------------- */

static void all_services_are_listed(void **state)
{
    const struct scene *s = *state;
    static const char *const names[] = {
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "hypeman.v1.InstanceService",
        "hypeman.v1.SnapshotService",
    };
    SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
    SCOPED(response_proto) response_proto *answer = ask_text(&stream, ASKS(LIST_SERVICES), "*");
    assert_int_equal(answer->message_response_case, ANSWERS(LIST_SERVICES_RESPONSE));
    assert_int_equal(answer->list_services_response->n_service, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_string_equal(answer->list_services_response->service[i]->name, names[i]);
}

static void a_file_comes_with_its_imports_and_imports_come_once(void **state)
{
    const struct scene *s = *state;
    SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
    SCOPED(response_proto)
    response_proto *first =
        ask_text(&stream, ASKS(FILE_BY_FILENAME), "hypeman/gateway/v1/transcoding.proto");
    assert_files(s, first,
                 "hypeman/gateway/v1/transcoding.proto google/protobuf/descriptor.proto "
                 "google/protobuf/duration.proto google/rpc/code.proto");
    /* Of its imports only those that are new ... */
    SCOPED(response_proto)
    response_proto *second =
        ask_text(&stream, ASKS(FILE_BY_FILENAME), "google/api/annotations.proto");
    assert_files(s, second, "google/api/annotations.proto google/api/http.proto");
    /* ... but what is asked for always. */
    SCOPED(response_proto)
    response_proto *again = ask_text(&stream, ASKS(FILE_BY_FILENAME), "google/api/http.proto");
    assert_files(s, again, "google/api/http.proto");
    /* Another stream knows nothing of this one. */
    SCOPED(reflection_session) struct reflection_session other = open_stream(s->catalog);
    SCOPED(response_proto)
    response_proto *fresh =
        ask_text(&other, ASKS(FILE_BY_FILENAME), "google/api/annotations.proto");
    assert_files(s, fresh,
                 "google/api/annotations.proto google/api/http.proto "
                 "google/protobuf/descriptor.proto");
}

static void a_name_of_any_kind_leads_to_its_file(void **state)
{
    const struct scene *s = *state;
    static const struct {
        const char *symbol;
        const char *file;
    } rows[] = {
        { "grpc.health.v1.Health", "grpc/health/v1/health.proto" },
        { "grpc.health.v1.Health.Check", "grpc/health/v1/health.proto" },
        { "grpc.health.v1.HealthCheckRequest", "grpc/health/v1/health.proto" },
        { "grpc.health.v1.HealthCheckRequest.service", "grpc/health/v1/health.proto" },
        { "grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto" },
        { "grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto" },
        { "grpc.reflection.v1.ServerReflectionRequest.message_request",
          "grpc/reflection/v1/reflection.proto" },
        { "grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
        SCOPED(response_proto)
        response_proto *answer = ask_text(&stream, ASKS(FILE_CONTAINING_SYMBOL), rows[i].symbol);
        assert_files(s, answer, rows[i].file);
    }
}

static void an_extension_leads_to_its_file_and_all_numbers_are_listed(void **state)
{
    const struct scene *s = *state;
    SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
    SCOPED(response_proto)
    response_proto *file = ask_extension(&stream, "google.protobuf.MethodOptions", 72295728);
    assert_files(s, file,
                 "google/api/annotations.proto google/api/http.proto "
                 "google/protobuf/descriptor.proto");

    SCOPED(response_proto)
    response_proto *numbers =
        ask_text(&stream, ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE), "google.protobuf.MethodOptions");
    assert_int_equal(numbers->message_response_case, ANSWERS(ALL_EXTENSION_NUMBERS_RESPONSE));
    assert_string_equal(numbers->all_extension_numbers_response->base_type_name,
                        "google.protobuf.MethodOptions");
    assert_int_equal(numbers->all_extension_numbers_response->n_extension_number, 3);
    assert_int_equal(numbers->all_extension_numbers_response->extension_number[0], 50503);
    assert_int_equal(numbers->all_extension_numbers_response->extension_number[1], 50504);
    assert_int_equal(numbers->all_extension_numbers_response->extension_number[2], 72295728);

    SCOPED(response_proto)
    response_proto *none =
        ask_text(&stream, ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE), "hypeman.v1.Snapshot");
    assert_int_equal(none->message_response_case, ANSWERS(ALL_EXTENSION_NUMBERS_RESPONSE));
    assert_int_equal(none->all_extension_numbers_response->n_extension_number, 0);
}

static void what_is_not_there_is_not_found_and_the_stream_goes_on(void **state)
{
    const struct scene *s = *state;
    SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
    static const struct {
        question_case what;
        const char *text;
        const char *message;
    } rows[] = {
        { ASKS(FILE_BY_FILENAME), "x.proto", "there is no file x.proto" },
        { ASKS(FILE_BY_FILENAME), "", "there is no file" },
        { ASKS(FILE_CONTAINING_SYMBOL), "hypeman.v1.Nope", "no file declares hypeman.v1.Nope" },
        { ASKS(FILE_CONTAINING_SYMBOL), "hypeman.v1", "no file declares hypeman.v1" },
        { ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE), "hypeman.v1.SnapshotService",
          "there is no message hypeman.v1.SnapshotService" },
        { ASKS(ALL_EXTENSION_NUMBERS_OF_TYPE), "x", "there is no message x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(response_proto)
        response_proto *answer = ask_text(&stream, rows[i].what, rows[i].text);
        assert_error(answer, RPC_NOT_FOUND, rows[i].message);
    }
    SCOPED(response_proto)
    response_proto *extension = ask_extension(&stream, "google.protobuf.MethodOptions", -1);
    assert_error(extension, RPC_NOT_FOUND,
                 "no file declares extension -1 of google.protobuf.MethodOptions");
    SCOPED(response_proto) response_proto *type = ask_extension(&stream, "x.Y", 72295728);
    assert_error(type, RPC_NOT_FOUND, "no file declares extension 72295728 of x.Y");

    SCOPED(response_proto) response_proto *nothing = ask_text(&stream, ASKS(_NOT_SET), "");
    assert_error(nothing, RPC_INVALID_ARGUMENT, "the request asks for nothing this server knows");
    SCOPED(response_proto)
    response_proto *good = ask_text(&stream, ASKS(FILE_BY_FILENAME), "grpc/health/v1/health.proto");
    assert_files(s, good, "grpc/health/v1/health.proto");
}

static void a_question_that_is_none_ends_the_stream(void **state)
{
    const struct scene *s = *state;
    SCOPED(buffer) struct buffer huge = buffer_capped(1 << 20);
    while (huge.len <= REFLECTION_QUESTION_BYTES)
        buffer_append(&huge, "\x0a\x01x", 3);
    const struct text questions[] = {
        TEXT("\x1a\x05x"),
        TEXT("\xff"),
        TEXT("\x0b"),
        TEXT("\x1a"),
        TEXT("\x2a\x01\xff"),         /* no ExtensionRequest */
        TEXT("\x2a\x03\x0a\x01\xff"), /* one whose text is none */
        TEXT("\x1a\x02\xff\x01"),
        TEXT("\x22\x03\xed\xa0\x80"),
        TEXT("\x0a\x01\xff\x3a\x00"),
        buffer_text(&huge),
    };
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
        SCOPED(buffer) struct buffer reply = buffer_capped(1 << 20);
        struct error err = { 0 };
        assert_false(reflection_answer(&stream, questions[i], &reply, &err));
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
        assert_int_equal(reply.len, 0);
    }
}

static void of_what_a_name_or_a_question_holds_nothing_is_cut_off(void **state)
{
    const struct scene *s = *state;
    static const struct {
        struct text question;
        const char *message;
    } rows[] = {
        { { "\x1a\x03"
            "a\0b",
            5 },
          "there is no file a b" },
        { { "\x2a\x00", 2 }, "no file declares extension 0 of" },
        /* Of several questions the last counts, whole. */
        { { "\x3a\x00\x1a\x01x", 5 }, "there is no file x" },
        { { "\x2a\x05\x0a\x01x\x10\x07\x2a\x03\x0a\x01y", 12 },
          "no file declares extension 0 of y" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(reflection_session) struct reflection_session stream = open_stream(s->catalog);
        SCOPED(buffer) struct buffer reply = buffer_capped(1 << 20);
        struct error err = { 0 };
        assert_true(reflection_answer(&stream, rows[i].question, &reply, &err));
        SCOPED(response_proto)
        response_proto *answer = grpc__reflection__v1__server_reflection_response__unpack(
            NULL, reply.len, (const uint8_t *)reply.data);
        assert_non_null(answer);
        assert_error(answer, RPC_NOT_FOUND, rows[i].message);
    }
}

/* ---- Large and odd sets -------------------------------------------------------------------- */

/* Clients take 4 MiB: of many imports as many come as fit, the others can be asked for. */
static void imports_that_would_not_fit_are_left_for_the_client_to_ask_for(void **state)
{
    enum { IMPORTS = 5, PADDING = 1 << 20 };
    (void)state;
    SCOPED(buffer) struct buffer text = buffer_capped(32 << 20);
    buffer_append_cstr(&text, "file { name: 'top.proto' ");
    for (int i = 0; i < IMPORTS; i++)
        buffer_appendf(&text, "dependency: 'i%d.proto' ", i);
    buffer_append_cstr(&text, "dependency: 'top.proto' } ");
    for (int i = 0; i < IMPORTS; i++) {
        buffer_appendf(&text,
                       "file { name: 'i%d.proto' dependency: 'top.proto' "
                       "options { go_package: '",
                       i);
        char *room = buffer_reserve(&text, PADDING);
        assert_non_null(room);
        memset(room, 'x', PADDING);
        buffer_commit(&text, PADDING);
        buffer_append_cstr(&text, "' } } ");
    }
    buffer_append_byte(&text, '\0');
    SCOPED(buffer) struct buffer set = descriptors_of_text(text.data);

    struct catalog *catalog = NULL;
    struct error err = { 0 };
    assert_true(catalog_new(buffer_text(&set), TEXT(""), &catalog, &err));
    const struct scene s = { .catalog = catalog };
    SCOPED(reflection_session) struct reflection_session stream = open_stream(catalog);
    SCOPED(response_proto)
    response_proto *first = ask_text(&stream, ASKS(FILE_BY_FILENAME), "top.proto");
    assert_files(&s, first, "top.proto i0.proto i1.proto");
    SCOPED(response_proto)
    response_proto *second = ask_text(&stream, ASKS(FILE_BY_FILENAME), "i4.proto");
    assert_files(&s, second, "i4.proto");
    catalog_free(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_services_are_listed),
        cmocka_unit_test(a_file_comes_with_its_imports_and_imports_come_once),
        cmocka_unit_test(a_name_of_any_kind_leads_to_its_file),
        cmocka_unit_test(an_extension_leads_to_its_file_and_all_numbers_are_listed),
        cmocka_unit_test(what_is_not_there_is_not_found_and_the_stream_goes_on),
        cmocka_unit_test(a_question_that_is_none_ends_the_stream),
        cmocka_unit_test(of_what_a_name_or_a_question_holds_nothing_is_cut_off),
        cmocka_unit_test(imports_that_would_not_fit_are_left_for_the_client_to_ask_for),
    };
    return cmocka_run_group_tests_name("gateway/services/reflection", tests, given_catalog,
                                       forget_catalog);
}
