#include "tests/unit/gateway/fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20 };

/* PROTOC, PROTO_DIR, PROTOBUF_DIR and SHAPES_DIR come from CMakeLists.txt. */

static struct buffer read_all(int fd)
{
    struct buffer out = buffer_capped(OUTPUT_MAX);
    for (;;) {
        char *room = buffer_reserve(&out, 4096);
        assert_non_null(room);
        ssize_t n = read(fd, room, 4096);
        assert_true(n >= 0);
        if (n == 0)
            return out;
        buffer_commit(&out, (size_t)n);
    }
}

static int given_set(void **state, const char *path)
{
    *state = api_set_load(path);
    return *state == NULL ? -1 : 0;
}

int given_hypeman(void **state)
{
    return given_set(state, HYPEMAN_SET);
}

int given_shapes(void **state)
{
    return given_set(state, SHAPES_SET);
}

int forget_schema(void **state)
{
    schema_free(*state);
    return 0;
}

const struct method *method_named(const struct schema *schema, const char *full_name)
{
    for (size_t i = 0; i < schema_method_count(schema); i++)
        if (text_equal_cstr(schema_method(schema, i)->full_name, full_name))
            return schema_method(schema, i);
    fail_msg("there is no method %s", full_name);
    return NULL;
}

const struct message *message_named(const struct schema *schema, const char *full_name)
{
    const struct message *message = schema_find_message(schema, text_of(full_name));
    if (message == NULL)
        fail_msg("there is no message %s", full_name);
    return message;
}

/* Input goes through a file: a pipe could fill up and block both sides. */
static int temporary_file(struct text content)
{
    char name[] = "/tmp/gateway-test-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(name);
    for (size_t at = 0; at < content.len;) {
        ssize_t n = write(fd, content.data + at, content.len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static struct buffer run_protoc(char *const argv[], struct text input)
{
    int in = temporary_file(input);
    int complaints = temporary_file(TEXT(""));
    int out[2];
    pid_t pid = 0;
    int status = 0;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
    assert_int_equal(posix_spawn(&pid, PROTOC, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in);
    close(out[1]);
    struct buffer output = read_all(out[0]);
    close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        assert_int_equal(lseek(complaints, 0, SEEK_SET), 0);
        SCOPED(buffer) struct buffer why = read_all(complaints);
        fail_msg(TEXT_FMT TEXT_FMT, TEXT_ARGS(buffer_text(&why)), TEXT_ARGS(input));
    }
    close(complaints);
    return output;
}

static struct buffer convert(const char *direction, const char *message, struct text input)
{
    char option[256];
    (void)snprintf(option, sizeof option, "--%s=%s", direction, message);
    char *const argv[] = { UNCONST("protoc"),
                           UNCONST("--descriptor_set_in=" HYPEMAN_SET ":" SHAPES_SET ":" DEPOT_SET),
                           option, NULL };
    return run_protoc(argv, input);
}

struct buffer wire_of(const char *message, const char *text)
{
    return convert("encode", message, text_of(text));
}

struct buffer text_of_wire(const char *message, struct text wire)
{
    return convert("decode", message, wire);
}

struct buffer descriptors_of(const char *source)
{
    static const char head[] = "syntax = \"proto3\";\n"
                               "package bad.v1;\n"
                               "import \"google/api/annotations.proto\";\n"
                               "import \"google/protobuf/any.proto\";\n"
                               "import \"google/protobuf/duration.proto\";\n"
                               "import \"google/protobuf/empty.proto\";\n"
                               "import \"google/protobuf/timestamp.proto\";\n"
                               "import \"google/protobuf/wrappers.proto\";\n"
                               "import \"google/api/httpbody.proto\";\n"
                               "import \"hypeman/gateway/v1/transcoding.proto\";\n";
    char folder[] = "/tmp/gateway-test-XXXXXX";
    char path[64];
    char include[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/bad.proto", folder);
    (void)snprintf(include, sizeof include, "-I%s", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(head, file) >= 0 && fputs(source, file) >= 0);
    assert_int_equal(fclose(file), 0);
    char *const argv[] = { UNCONST("protoc"),
                           include,
                           UNCONST("-I" PROTO_DIR),
                           UNCONST("-I" PROTOBUF_DIR),
                           UNCONST("-I" SHAPES_DIR),
                           UNCONST("--include_imports"),
                           UNCONST("--descriptor_set_out=/dev/stdout"),
                           UNCONST("bad.proto"),
                           NULL };
    struct buffer set = run_protoc(argv, text_of(source));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return set;
}

struct buffer descriptors_of_text(const char *text)
{
    char *const argv[] = { UNCONST("protoc"),
                           UNCONST("-I" PROTO_DIR),
                           UNCONST("-I" PROTOBUF_DIR),
                           UNCONST("--encode=google.protobuf.FileDescriptorSet"),
                           UNCONST("google/protobuf/descriptor.proto"),
                           UNCONST("google/api/annotations.proto"),
                           UNCONST("hypeman/gateway/v1/transcoding.proto"),
                           NULL };
    return run_protoc(argv, text_of(text));
}
