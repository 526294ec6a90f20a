/* The gateway's transcoder between pipes, for comparing it with stock protoc (see check).
 *
 * golden_tool DESCRIPTOR_SET to-json|to-wire MESSAGE < in > out
 * JSON comes out with sorted keys, two blanks of indent and a line feed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transcode/from_json.h"
#include "gateway/transcode/schema.h"
#include "gateway/transcode/to_json.h"

enum { INPUT_MAX = 64 << 20, STEP = 64 << 10 };

static bool read_stream(FILE *file, struct buffer *out)
{
    for (;;) {
        char *room = buffer_reserve(out, STEP);
        if (room == NULL)
            return false;
        size_t n = fread(room, 1, STEP, file);
        buffer_commit(out, n);
        if (n < STEP)
            return ferror(file) == 0;
    }
}

static bool load_schema(const char *path, struct schema **out, struct error *err)
{
    SCOPED(buffer) struct buffer set = buffer_capped(INPUT_MAX);
    FILE *file = fopen(path, "rbe");
    bool ok = file != NULL && read_stream(file, &set);
    if (file != NULL)
        fclose(file);
    if (!ok)
        return error_set(err, ERROR_NOT_FOUND, "cannot read %s", path);
    return schema_load(buffer_text(&set), out, err);
}

static bool print_json(const struct message *message, struct text wire, struct error *err)
{
    SCOPED(buffer) struct buffer json = buffer_capped(INPUT_MAX);
    json_error_t where;
    if (!json_from_wire(message, wire, &json, err))
        return false;
    json_auto_t *tree =
        json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (tree == NULL)
        return error_set(err, ERROR_INTERNAL, "wrote no JSON: %s", where.text);
    if (json_dumpf(tree, stdout, JSON_SORT_KEYS | JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
        return error_set(err, ERROR_INTERNAL, "cannot write");
    return true;
}

static bool print_wire(const struct message *message, struct text json, struct error *err)
{
    SCOPED(buffer) struct buffer wire = buffer_capped(INPUT_MAX);
    struct json_notes notes = { 0 };
    if (!json_to_wire(message, json, &wire, &notes, err))
        return false;
    if (notes.unknown_members > 0 || notes.unknown_enum[0] != '\0')
        return error_set(err, ERROR_INVALID_ARGUMENT, "%zu unknown members, unknown enum texts: %s",
                         notes.unknown_members, notes.unknown_enum);
    if (fwrite(wire.data == NULL ? "" : wire.data, 1, wire.len, stdout) != wire.len)
        return error_set(err, ERROR_INTERNAL, "cannot write");
    return true;
}

static bool run(const struct schema *schema, const char *direction, const char *name,
                struct error *err)
{
    SCOPED(buffer) struct buffer input = buffer_capped(INPUT_MAX);
    const struct message *message = schema_find_message(schema, text_of(name));
    if (message == NULL)
        return error_set(err, ERROR_NOT_FOUND, "no message %s", name);
    if (!read_stream(stdin, &input))
        return error_set(err, ERROR_INTERNAL, "cannot read the input");
    return strcmp(direction, "to-json") == 0 ? print_json(message, buffer_text(&input), err)
                                             : print_wire(message, buffer_text(&input), err);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct schema *schema = NULL;
    if (argc != 4 || (strcmp(argv[2], "to-json") != 0 && strcmp(argv[2], "to-wire") != 0)) {
        fputs("usage: golden_tool DESCRIPTOR_SET to-json|to-wire MESSAGE < in > out\n", stderr);
        return 2;
    }
    bool ok = load_schema(argv[1], &schema, &err) && run(schema, argv[2], argv[3], &err);
    schema_free(schema);
    if (!ok)
        fprintf(stderr, "golden_tool: %s\n", err.message);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
