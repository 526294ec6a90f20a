#include "gateway/rpc/message.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/compression.h>

#include "gateway/rpc/gzip.h"

/* What C-core 1.51 knows of a call and tells nobody but its own tests; C++ functions of theirs, by
 * their names in the library. Without them a message of an unknown compression would be taken for a
 * plain one, and none would be compressed. */
#define OF_CORE_TESTS(name) __asm__(name) __attribute__((weak))
uint32_t core_received_flags(grpc_call *call)
    OF_CORE_TESTS("_Z37grpc_call_test_only_get_message_flagsP9grpc_call");
uint32_t core_accepted_encodings(grpc_call *call)
    OF_CORE_TESTS("_Z50grpc_call_test_only_get_encodings_accepted_by_peerP9grpc_call");

/* Of these flags: the frame said that it is compressed. */
#define FLAG_COMPRESSED UINT32_C(0x80000000)

/* ---- Reading ------------------------------------------------------------------------------- */

static bool is_compressed_somehow(grpc_call *call)
{
    return core_received_flags != NULL && (core_received_flags(call) & FLAG_COMPRESSED) != 0;
}

static bool read_whole(struct rpc_message *out, grpc_byte_buffer *from, struct error *err)
{
    grpc_byte_buffer_reader reader;
    if (grpc_byte_buffer_reader_init(&reader, from) == 0)
        return error_set(err, ERROR_INTERNAL, "the request message cannot be read");
    out->whole = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    out->bytes = (struct text){ (const char *)GRPC_SLICE_START_PTR(out->whole),
                                GRPC_SLICE_LENGTH(out->whole) };
    return true;
}

/* By what the client says in grpc-encoding. */
static bool inflate_whole(struct rpc_message *out, grpc_call *call,
                          grpc_compression_algorithm algorithm, size_t max_bytes, struct error *err)
{
    if (algorithm == GRPC_COMPRESS_NONE && !is_compressed_somehow(call))
        return true;
    if (algorithm != GRPC_COMPRESS_GZIP && algorithm != GRPC_COMPRESS_DEFLATE)
        return error_set(err, ERROR_NOT_SUPPORTED,
                         "the message is compressed as grpc-encoding does not say or this server "
                         "does not know; it accepts " MESSAGE_ACCEPTED);
    if (!gzip_inflate(out->bytes, algorithm == GRPC_COMPRESS_GZIP ? GZIP_GZIP : GZIP_DEFLATE,
                      max_bytes, &out->inflated, err))
        return false;
    out->bytes = buffer_text(&out->inflated);
    return true;
}

bool message_read(struct rpc_message *out, grpc_call *call, grpc_byte_buffer *from,
                  size_t max_bytes, struct error *err)
{
    *out = (struct rpc_message){ .whole = grpc_empty_slice() };
    if (read_whole(out, from, err) &&
        inflate_whole(out, call, from->data.raw.compression, max_bytes, err))
        return true;
    message_fini(out);
    return false;
}

void message_fini(struct rpc_message *message)
{
    grpc_slice_unref(message->whole);
    buffer_fini(&message->inflated);
}

/* ---- Writing ------------------------------------------------------------------------------- */

bool message_may_be_gzip(grpc_call *call)
{
    return core_accepted_encodings != NULL &&
           (core_accepted_encodings(call) & (UINT32_C(1) << GRPC_COMPRESS_GZIP)) != 0;
}

grpc_byte_buffer *message_write(struct text bytes, size_t from_size, bool *is_gzip)
{
    SCOPED(buffer) struct buffer smaller = buffer_capped(0);
    *is_gzip = bytes.len >= from_size && gzip_deflate(bytes, &smaller);
    if (*is_gzip)
        bytes = buffer_text(&smaller);
    grpc_slice slice =
        grpc_slice_from_copied_buffer(bytes.data == NULL ? "" : bytes.data, bytes.len);
    grpc_byte_buffer *buffer =
        *is_gzip ? grpc_raw_compressed_byte_buffer_create(&slice, 1, GRPC_COMPRESS_GZIP)
                 : grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}
