#include "gateway/services/reflection.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/proxy/rpc_status.h"
#include "gateway/transcode/wire.h"

/* Field numbers of proto/grpc/reflection/v1/reflection.proto. */
enum {
    REQUEST_HOST = 1,
    REQUEST_FILE_BY_FILENAME = 3,
    REQUEST_FILE_CONTAINING_SYMBOL = 4,
    REQUEST_FILE_CONTAINING_EXTENSION = 5,
    REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE = 6,
    REQUEST_LIST_SERVICES = 7,

    EXTENSION_CONTAINING_TYPE = 1,
    EXTENSION_NUMBER = 2,

    RESPONSE_VALID_HOST = 1,
    RESPONSE_ORIGINAL_REQUEST = 2,
    RESPONSE_FILES = 4,
    RESPONSE_EXTENSION_NUMBERS = 5,
    RESPONSE_SERVICES = 6,
    RESPONSE_ERROR = 7,

    FILES_FILE = 1,
    EXTENSION_NUMBERS_TYPE = 1,
    EXTENSION_NUMBERS_NUMBER = 2,
    SERVICES_SERVICE = 1,
    SERVICE_NAME = 1,
    ERROR_RESPONSE_CODE = 1,
    ERROR_RESPONSE_MESSAGE = 2,
};

bool reflection_session_init(struct reflection_session *session, const struct catalog *catalog,
                             struct error *err)
{
    const size_t count = catalog_file_count(catalog);
    *session = (struct reflection_session){ catalog, calloc(count + 1, sizeof *session->was_sent),
                                            calloc(count + 1, sizeof *session->waiting) };
    if (session->was_sent != NULL && session->waiting != NULL)
        return true;
    reflection_session_fini(session);
    return error_set(err, ERROR_NO_MEMORY, "no memory for a reflection stream");
}

void reflection_session_fini(struct reflection_session *session)
{
    free(session->was_sent);
    free(session->waiting);
    *session = (struct reflection_session){ 0 };
}

/* ---- Answers ------------------------------------------------------------------------------ */

/* One being written. */
struct answer {
    struct reflection_session *session;
    struct text what; /* the text of the question; of one for an extension, what it extends */
    int32_t number;   /* of the extension                                                   */
    struct buffer *reply;
};

static void write_text(struct buffer *out, uint32_t number, struct text value)
{
    wire_write_tag(out, number, WIRE_BYTES);
    wire_write_bytes(out, value);
}

static void write_i32(struct buffer *out, uint32_t number, int32_t value)
{
    wire_write_tag(out, number, WIRE_VARINT);
    wire_write_varint(out, (uint64_t)(int64_t)value);
}

static size_t begin(struct buffer *out, uint32_t number)
{
    wire_write_tag(out, number, WIRE_BYTES);
    return wire_begin_length(out);
}

static void write_error(const struct answer *a, enum rpc_code code, const char *kind,
                        struct text name)
{
    enum { SHOWN = 256 };
    char shown[SHOWN + 1];
    char message[SHOWN + 64];
    rpc_text_copy(shown, sizeof shown, name);
    (void)snprintf(message, sizeof message, "%s%s%s", kind, name.len == 0 ? "" : " ", shown);
    size_t mark = begin(a->reply, RESPONSE_ERROR);
    write_i32(a->reply, ERROR_RESPONSE_CODE, (int32_t)code);
    write_text(a->reply, ERROR_RESPONSE_MESSAGE, text_of(message));
    wire_end_length(a->reply, mark);
}

/* The file, then its imports as far as this stream lacks them and room is left. */
static void write_files(const struct answer *a, size_t first)
{
    struct reflection_session *session = a->session;
    size_t bytes = a->reply->len + catalog_file(session->catalog, first)->bytes.len;
    size_t count = 0;
    session->was_sent[first] = true;
    session->waiting[count++] = first;
    for (size_t i = 0; i < count; i++) {
        const struct catalog_file *file = catalog_file(session->catalog, session->waiting[i]);
        write_text(a->reply, FILES_FILE, file->bytes);
        for (size_t k = 0; k < file->import_count; k++) {
            const size_t import = file->imports[k];
            const size_t size = catalog_file(session->catalog, import)->bytes.len;
            if (session->was_sent[import] || bytes + size > REFLECTION_REPLY_BYTES)
                continue;
            bytes += size;
            session->was_sent[import] = true; /* so it waits at most once */
            session->waiting[count++] = import;
        }
    }
}

static void answer_file(const struct answer *a, size_t file, const char *missing, struct text name)
{
    if (file == SIZE_MAX) {
        write_error(a, RPC_NOT_FOUND, missing, name);
        return;
    }
    size_t mark = begin(a->reply, RESPONSE_FILES);
    write_files(a, file);
    wire_end_length(a->reply, mark);
}

static void answer_file_by_filename(const struct answer *a)
{
    answer_file(a, catalog_find_file(a->session->catalog, a->what), "there is no file", a->what);
}

static void answer_file_containing_symbol(const struct answer *a)
{
    answer_file(a, catalog_find_symbol(a->session->catalog, a->what), "no file declares", a->what);
}

static void answer_file_containing_extension(const struct answer *a)
{
    char missing[64];
    (void)snprintf(missing, sizeof missing, "no file declares extension %d of", a->number);
    answer_file(a, catalog_find_extension(a->session->catalog, a->what, a->number), missing,
                a->what);
}

static void answer_all_extension_numbers_of_type(const struct answer *a)
{
    const struct catalog *catalog = a->session->catalog;
    int32_t number = 0;
    if (!catalog_has_message(catalog, a->what)) {
        write_error(a, RPC_NOT_FOUND, "there is no message", a->what);
        return;
    }
    size_t answer = begin(a->reply, RESPONSE_EXTENSION_NUMBERS);
    write_text(a->reply, EXTENSION_NUMBERS_TYPE, a->what);
    size_t numbers = begin(a->reply, EXTENSION_NUMBERS_NUMBER); /* packed */
    for (size_t i = 0; catalog_extension_number(catalog, a->what, i, &number); i++)
        wire_write_varint(a->reply, (uint64_t)(int64_t)number);
    wire_end_length(a->reply, numbers);
    wire_end_length(a->reply, answer);
}

static void answer_list_services(const struct answer *a)
{
    const struct catalog *catalog = a->session->catalog;
    size_t answer = begin(a->reply, RESPONSE_SERVICES);
    for (size_t i = 0; i < catalog_service_count(catalog); i++) {
        size_t service = begin(a->reply, SERVICES_SERVICE);
        write_text(a->reply, SERVICE_NAME, catalog_service(catalog, i)->name);
        wire_end_length(a->reply, service);
    }
    wire_end_length(a->reply, answer);
}

/* Also what a client of a later version of the protocol asks. */
static void answer_nothing(const struct answer *a)
{
    write_error(a, RPC_INVALID_ARGUMENT, "the request asks for nothing this server knows",
                (struct text){ NULL, 0 });
}

/* ---- Questions ---------------------------------------------------------------------------- */

static const struct {
    uint32_t number;
    void (*answer)(const struct answer *a);
} questions[] = {
    { REQUEST_FILE_BY_FILENAME, answer_file_by_filename },
    { REQUEST_FILE_CONTAINING_SYMBOL, answer_file_containing_symbol },
    { REQUEST_FILE_CONTAINING_EXTENSION, answer_file_containing_extension },
    { REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE, answer_all_extension_numbers_of_type },
    { REQUEST_LIST_SERVICES, answer_list_services },
};

struct question {
    struct text host;
    struct text what;
    int32_t number;
    void (*answer)(const struct answer *a);
};

/* A proto3 string: what is none must not come back in an answer, which nobody could read then. */
static bool read_text(const struct wire_record *record, struct text *out, struct error *err)
{
    if (!text_is_utf8(record->bytes))
        return error_set(err, ERROR_INVALID_ARGUMENT, "a text of the request is not UTF-8");
    *out = record->bytes;
    return true;
}

static bool read_extension(struct text bytes, struct question *out, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (!more)
            return true;
        if (record.number == EXTENSION_NUMBER && record.type == WIRE_VARINT)
            out->number = (int32_t)record.value;
        if (record.number == EXTENSION_CONTAINING_TYPE && record.type == WIRE_BYTES &&
            !read_text(&record, &out->what, err))
            return false;
    }
}

/* A field that asks; of several the last counts. */
static bool read_what(const struct wire_record *record, struct question *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        if (record->number != questions[i].number)
            continue;
        out->answer = questions[i].answer;
        out->what = (struct text){ NULL, 0 };
        out->number = 0;
        return record->number == REQUEST_FILE_CONTAINING_EXTENSION
                   ? read_extension(record->bytes, out, err)
                   : read_text(record, &out->what, err);
    }
    return true;
}

static bool read_question(struct text bytes, struct question *out, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    *out = (struct question){ .answer = answer_nothing };
    for (;;) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, err))
            return false;
        if (!more)
            return true;
        if (record.type != WIRE_BYTES)
            continue;
        if (record.number == REQUEST_HOST ? !read_text(&record, &out->host, err)
                                          : !read_what(&record, out, err))
            return false;
    }
}

bool reflection_answer(struct reflection_session *session, struct text question,
                       struct buffer *reply, struct error *err)
{
    struct question q;
    if (question.len > REFLECTION_QUESTION_BYTES)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "the request is larger than the %d bytes that a reflection request may be",
                         REFLECTION_QUESTION_BYTES);
    if (!read_question(question, &q, err))
        return false;
    const struct answer answer = { session, q.what, q.number, reply };
    write_text(reply, RESPONSE_VALID_HOST, q.host);
    write_text(reply, RESPONSE_ORIGINAL_REQUEST, question);
    q.answer(&answer);
    return !reply->failed || buffer_error(reply, err);
}
