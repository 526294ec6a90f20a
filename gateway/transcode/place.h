/* Where in a message a translation stands, for errors: snapshots[3].tags["team"].
 *
 * A chain of steps, innermost first, that lives on the call stack. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_PLACE_H
#define TESTKIT_GATEWAY_TRANSCODE_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "gateway/transcode/schema.h"

enum place_kind { PLACE_FIELD, PLACE_ELEMENT, PLACE_KEY };

struct place {
    const struct place *outer; /* NULL at the top of the message */
    enum place_kind kind;
    const struct field *field; /* PLACE_FIELD; all are borrowed */
    int64_t index;             /* PLACE_ELEMENT                 */
    struct text key;           /* PLACE_KEY                     */
};

/* How a field is named: to a client as in the .proto, of an answer as in its JSON. */
enum place_names { PLACE_PROTO_NAMES, PLACE_JSON_NAMES };

/* Writes the way from the top, NUL-terminated and cut to `size` bytes on a UTF-8 boundary; "" for
 * NULL. */
void place_text(const struct place *place, enum place_names names, char *out, size_t size);

#endif
