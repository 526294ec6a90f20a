/* An ordered map whose copies are free: the one data structure behind every index.
 *
 * A map is a balanced search tree of reference-counted nodes. cow_map_retain makes a second map of
 * the same content in constant time; from then on a change copies only the nodes on its path and
 * only where they are shared, so each map keeps what it had. That gives lists that stay as they
 * were while the world changes, and whole worlds forked at once.
 *
 * Why our own: the ordered trees in Debian's libraries change in place or copy everything, and
 * none resumes at "first key not below k" after changes. Why AVL: its depth is bounded whatever
 * keys a client invents, and its shape depends on nothing but the calls made.
 *
 * Values are reference-counted records of the caller's; a key is read from the value itself.
 * Changes are in two steps, so that several of them, also of several maps, happen together or not
 * at all: prepare each, which may fail for lack of memory, then put or remove each, which cannot.
 * Not thread-safe, also between maps that share nodes. */
#ifndef TESTKIT_MOCK_DOMAIN_COW_MAP_H
#define TESTKIT_MOCK_DOMAIN_COW_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "common/base/text.h"

/* Ordered by rank, then major, then minor, texts in byte order. Simple keys leave rank 0 and minor
 * empty; in one map either every rank is 0 or none is. */
struct cow_key {
    uint64_t rank;
    struct text major;
    struct text minor;
};

/* What the values of a map are. */
struct cow_map_kind {
    /* The key, borrowed from the value and never changing while any map holds it. */
    struct cow_key (*key_of)(const void *value);
    void (*retain)(const void *value);
    /* Gives one reference back; the last one frees the value. */
    void (*release)(const struct mem *mem, const void *value);
};

struct cow_node;

/* Read `count` freely; change only through the functions. */
struct cow_map {
    const struct cow_map_kind *kind;
    const struct mem *mem;
    struct cow_node *root;
    struct cow_node *spares; /* nodes kept ready for the prepared changes */
    size_t spare_count;
    size_t promised; /* of them, what the prepared changes may take    */
    size_t prepared; /* changes prepared and not yet made or cancelled */
    size_t count;
};

/* An empty map. mem is borrowed and must outlive it and all maps retained from it. */
struct cow_map cow_map_new(const struct cow_map_kind *kind, const struct mem *mem);
/* Forgets the content; the map is empty and usable afterwards. A zeroed one is fine. */
void cow_map_fini(struct cow_map *map);
/* A map of the same content, in constant time, for cow_map_fini. */
struct cow_map cow_map_retain(const struct cow_map *map);
/* Likewise, for a map that may outlive the first one's `mem`: its own is another struct for the
 * same heap. */
struct cow_map cow_map_fork(const struct cow_map *map, const struct mem *mem);

/* Makes one put (or remove) of `key` certain to succeed, beside those prepared before. False when
 * out of memory: the content is untouched, and what was prepared is to be cancelled. All prepared
 * changes are made, or cancelled, before the map is retained. */
MUST_USE bool cow_map_prepare_put(struct cow_map *map, struct cow_key key);
MUST_USE bool cow_map_prepare_remove(struct cow_map *map, struct cow_key key);
/* Forgets every prepared change. */
void cow_map_cancel(struct cow_map *map);

/* Adds the value, or replaces the one of equal key. Prepared. Takes a reference of its own. */
void cow_map_put(struct cow_map *map, const void *value);
/* Removes the value of that key, if any. Prepared. `key` may point into the value. */
void cow_map_remove(struct cow_map *map, struct cow_key key);

/* NULL when absent. Borrowed until the map changes. */
const void *cow_map_find(const struct cow_map *map, struct cow_key key);

/* A walk in ascending order over a map that does not change (retain one to be sure). */
enum { COW_MAP_DEPTH_MAX = 64 }; /* an AVL tree of this depth does not fit into memory */

struct cow_cursor {
    uint32_t depth;
    const struct cow_node *path[COW_MAP_DEPTH_MAX];
};

/* Before the first key that is not below `from` (the empty key: the very first). */
void cow_cursor_seek(struct cow_cursor *cursor, const struct cow_map *map, struct cow_key from);
/* Steps on and returns the value there; NULL at the end. Borrowed until the map changes. */
const void *cow_cursor_next(struct cow_cursor *cursor);

#endif
