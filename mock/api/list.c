#include "mock/api/list.h"

/* Writes until the piece is full or the list has ended. */
static bool write_piece(void *ctx, struct buffer *out, bool *done)
{
    struct list_source *source = ctx;

    *done = false;
    while (!*done && out->len < RESPONSE_CHUNK_BYTES && !out->failed)
        *done = !source->write_next(source, &source->writer);
    if (*done) {
        json_write_array_end(&source->writer);
        buffer_append_byte(out, '\n');
    }
    return !out->failed;
}

static void close_source(void *ctx)
{
    struct list_source *source = ctx;
    source->close(source);
}

void list_answer(struct response *res, struct list_source *source)
{
    bool done;

    res->status = 200;
    res->content_type = "application/json";
    res->stream =
        (struct response_stream){ .next = write_piece, .close = close_source, .ctx = source };
    source->writer = json_writer_to(&res->body, JSON_ESCAPE_HTML);
    json_write_array_begin(&source->writer);
    if (!write_piece(source, &res->body, &done) || done)
        response_close_stream(res);
}
