/* Where things are declared: every file of the descriptor sets that are served, and every full name
 * in them. What reflection answers from, and whose services health knows.
 *
 * Immutable once made: shared by all threads without locks. */
#ifndef TESTKIT_GATEWAY_SERVICES_CATALOG_H
#define TESTKIT_GATEWAY_SERVICES_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"

struct catalog;

struct catalog_file {
    struct text name;      /* as other files import it                                */
    struct text bytes;     /* its FileDescriptorProto, byte for byte as in the set    */
    bool is_own;           /* of the gateway's own services, not of the API it serves */
    const size_t *imports; /* indexes of the files it imports, as far as they are here */
    size_t import_count;
};

struct catalog_service {
    struct text name; /* "hypeman.v1.SnapshotService" */
    bool is_own;
};

/* Reads two serialized google.protobuf.FileDescriptorSets, which are borrowed as long as the
 * catalog lives. Where both declare a name, the file of `api` counts and that of `own` is left out.
 * Owned: catalog_free().
 * api  the API's
 * own  the gateway's own services'
 * Fails  INVALID_ARGUMENT  no descriptor set, or one nested too deep
 *        NO_MEMORY */
MUST_USE bool catalog_new(struct text api, struct text own, struct catalog **out,
                          struct error *err);
void catalog_free(struct catalog *catalog);

/* In order of their names. */
size_t catalog_service_count(const struct catalog *catalog);
const struct catalog_service *catalog_service(const struct catalog *catalog, size_t index);
/* NULL when there is none of that name. */
const struct catalog_service *catalog_find_service(const struct catalog *catalog, struct text name);

size_t catalog_file_count(const struct catalog *catalog);
const struct catalog_file *catalog_file(const struct catalog *catalog, size_t index);

/* Each returns the file's index, SIZE_MAX when there is none.
 * full_name  of a service, method, message, field, enum, value, oneof or extension; no leading dot
 * message    the full name of the message that is extended */
size_t catalog_find_file(const struct catalog *catalog, struct text name);
size_t catalog_find_symbol(const struct catalog *catalog, struct text full_name);
size_t catalog_find_extension(const struct catalog *catalog, struct text message, int32_t number);
bool catalog_has_message(const struct catalog *catalog, struct text full_name);

/* The nth of the message's extensions, by ascending number; false when it has fewer. */
bool catalog_extension_number(const struct catalog *catalog, struct text message, size_t nth,
                              int32_t *number);

#endif
