/* Structs as JSON objects by tables: what the domain keeps is written and read back by one engine,
 * so that what is written is always understood.
 *
 * Canonical: members come in the order of the table, and what is zero or empty is left out. */
#ifndef TESTKIT_MOCK_STATE_FIELDS_H
#define TESTKIT_MOCK_STATE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/json/json_document.h"
#include "common/json/json_writer.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_INT,     /* size bytes, between min and max                                 */
    FIELD_TIME,    /* int64_t ns since 1970 as RFC 3339; never negative               */
    FIELD_SPAN,    /* int64_t ns as a Go duration; never negative                     */
    FIELD_ENUM,    /* size bytes, by its name                                         */
    FIELD_TEXT,    /* struct text of at most max bytes                                */
    FIELD_TEXTS,   /* struct text_list                                                */
    FIELD_PAIRS,   /* struct pair_list of at most max pairs, an object                */
    FIELD_ID,      /* struct resource_id; all zero: none                              */
    FIELD_ADDRESS, /* struct network_address as its IP address and its MAC            */
    FIELD_OBJECT,  /* a struct in its place, of `shape`                               */
    FIELD_LIST,    /* pointer to structs of `shape`, their number at count_offset     */
    FIELD_PORTS,   /* pointer to uint16_t, their number at count_offset               */
};

struct shape;

struct field {
    const char *name;
    enum field_kind kind;
    bool required; /* written also when zero, and to be there when read */
    size_t offset;
    size_t size;
    size_t count_offset;
    int64_t min, max;
    const char *(*name_of)(int64_t value); /* of an enum from 0 to max; "" is no name */
    const struct shape *shape;
};

struct shape {
    const struct field *fields;
    size_t field_count;
    size_t size; /* of the struct */
    /* Whether what was read holds together; NULL: it does. Complains of `at`. */
    bool (*check)(const void *value, const struct json_at *at, struct error *err);
};

/* The members only: the caller begins and ends the object, and may add others. */
void fields_write(struct json_writer *w, const struct shape *shape, const void *value);

/* Reads an object that has these members and no others into *value, which is zeroed first.
 * value   shape->size bytes. Its texts are borrowed from the tree, its lists from the arena
 * Fails   INVALID_ARGUMENT  naming the path
 *         NO_MEMORY */
MUST_USE bool fields_read_object(const struct json_at *at, const struct shape *shape,
                                 struct arena *arena, void *value, struct error *err);

#endif
