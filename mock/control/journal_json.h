/* The requests of a journal as JSON. */
#ifndef TESTKIT_MOCK_CONTROL_JOURNAL_JSON_H
#define TESTKIT_MOCK_CONTROL_JOURNAL_JSON_H

#include "common/json/json_writer.h"
#include "mock/control/journal.h"
#include "mock/control/served_world.h"

/* "test-1-7", as X-Mock-Request-Id has it. */
void journal_append_id(struct buffer *out, const struct served_world *world, uint64_t number);
void journal_write_id(struct json_writer *w, const struct served_world *world, uint64_t number);
/* An object; members that have nothing to say are left out. */
void journal_write(struct json_writer *w, const struct served_world *world,
                   const struct journal_entry *entry);

#endif
