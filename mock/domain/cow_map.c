#include "mock/domain/cow_map.h"

#include <assert.h>

/* A node is shared when its own count or that of any node above it is over one: both maps reach it.
 * Only nodes that are not shared are ever written to. */
struct cow_node {
    struct cow_node *left;
    struct cow_node *right;
    const void *value; /* one reference                  */
    uint64_t head;     /* of the value's key: key_head() */
    uint32_t refs;
    uint8_t height; /* of a leaf: 1 */
};
static_assert(sizeof(struct cow_node) <= 40, "three of them per snapshot: keep it small");

/* --- keys -------------------------------------------------------------------------------- */

/* The rank, or the first eight bytes of a key as a number that sorts like them, short ones filled
 * up with zeros. Most comparisons are decided by it, without a look into the record behind the
 * node. */
static uint64_t key_head(struct cow_key key)
{
    if (key.rank != 0)
        return key.rank;
    uint64_t head = 0;
    for (size_t i = 0; i < sizeof head; i++)
        head = head << 8 | (i < key.major.len ? (uint8_t)key.major.data[i] : 0);
    return head;
}

struct probe {
    struct cow_key key;
    uint64_t head;
};

static struct probe probe_for(struct cow_key key)
{
    return (struct probe){ key, key_head(key) };
}

/* <0, 0, >0 as the probe's key is below, at or above that of the node. */
static int compare(const struct cow_map *map, const struct probe *probe,
                   const struct cow_node *node)
{
    if (probe->head != node->head)
        return probe->head < node->head ? -1 : 1;
    struct cow_key key = map->kind->key_of(node->value);
    int order = text_compare(probe->key.major, key.major);
    return order != 0 ? order : text_compare(probe->key.minor, key.minor);
}

static int height_of(const struct cow_node *node)
{
    return node == NULL ? 0 : node->height;
}

static void node_retain(struct cow_node *node)
{
    if (node == NULL)
        return;
    assert(node->refs < UINT32_MAX);
    node->refs++;
}

/* As deep as the tree, so never deep. */
static void node_release(const struct cow_map *map, struct cow_node *node)
{
    if (node == NULL || --node->refs > 0)
        return;
    node_release(map, node->left);
    node_release(map, node->right);
    map->kind->release(map->mem, node->value);
    mem_free(map->mem, node);
}

/* --- spare nodes ------------------------------------------------------------------------- */

static bool keep_spares(struct cow_map *map, size_t wanted)
{
    while (map->spare_count < wanted) {
        struct cow_node *node = mem_alloc(map->mem, sizeof *node);
        if (node == NULL)
            return false;
        node->left = map->spares;
        map->spares = node;
        map->spare_count++;
    }
    return true;
}

static struct cow_node *take_spare(struct cow_map *map)
{
    struct cow_node *node = map->spares;
    assert(node != NULL); /* the change was not prepared */
    map->spares = node->left;
    map->spare_count--;
    return node;
}

static void drop_spares(struct cow_map *map)
{
    while (map->spares != NULL)
        mem_free(map->mem, take_spare(map));
}

/* --- the tree ---------------------------------------------------------------------------- */

static struct cow_node *leaf_new(struct cow_map *map, const void *value, uint64_t head)
{
    struct cow_node *node = take_spare(map);
    map->kind->retain(value);
    *node = (struct cow_node){ .value = value, .head = head, .refs = 1, .height = 1 };
    return node;
}

/* The node itself when only this map reaches it, else a copy in exchange for our reference. Going
 * down from an owned root this is exact: copying a node raises the counts of its children. */
static struct cow_node *own(struct cow_map *map, struct cow_node *node)
{
    if (node->refs == 1)
        return node;
    struct cow_node *copy = take_spare(map);
    *copy = *node;
    copy->refs = 1;
    node_retain(copy->left);
    node_retain(copy->right);
    map->kind->retain(copy->value);
    node->refs--;
    return copy;
}

static void measure(struct cow_node *node)
{
    int left = height_of(node->left);
    int right = height_of(node->right);
    node->height = (uint8_t)(1 + (left > right ? left : right));
}

static struct cow_node *rotate_left(struct cow_node *node)
{
    struct cow_node *up = node->right;
    node->right = up->left;
    up->left = node;
    measure(node);
    measure(up);
    return up;
}

static struct cow_node *rotate_right(struct cow_node *node)
{
    struct cow_node *up = node->left;
    node->left = up->right;
    up->right = node;
    measure(node);
    measure(up);
    return up;
}

/* Restores the AVL rule at an owned node whose subtrees differ by at most two. */
static struct cow_node *balance(struct cow_map *map, struct cow_node *node)
{
    int lean = height_of(node->left) - height_of(node->right);
    if (lean > 1) {
        struct cow_node *left = node->left = own(map, node->left);
        if (height_of(left->left) < height_of(left->right)) {
            left->right = own(map, left->right);
            node->left = rotate_left(left);
        }
        return rotate_right(node);
    }
    if (lean < -1) {
        struct cow_node *right = node->right = own(map, node->right);
        if (height_of(right->right) < height_of(right->left)) {
            right->left = own(map, right->left);
            node->right = rotate_right(right);
        }
        return rotate_left(node);
    }
    measure(node);
    return node;
}

static struct cow_node *put(struct cow_map *map, struct cow_node *node, const struct probe *probe,
                            const void *value)
{
    if (node == NULL) {
        map->count++;
        return leaf_new(map, value, probe->head);
    }
    node = own(map, node);
    int order = compare(map, probe, node);
    if (order == 0) {
        map->kind->retain(value);
        map->kind->release(map->mem, node->value);
        node->value = value;
        return node;
    }
    if (order < 0)
        node->left = put(map, node->left, probe, value);
    else
        node->right = put(map, node->right, probe, value);
    return balance(map, node);
}

/* Detaches the smallest node of a subtree; returns what remains. */
static struct cow_node *take_first(struct cow_map *map, struct cow_node *node,
                                   struct cow_node **first)
{
    node = own(map, node);
    if (node->left == NULL) {
        *first = node;
        return node->right;
    }
    node->left = take_first(map, node->left, first);
    return balance(map, node);
}

static struct cow_node *remove_here(struct cow_map *map, struct cow_node *node)
{
    struct cow_node *rest = node->left;
    if (node->right != NULL) {
        struct cow_node *right = take_first(map, node->right, &rest);
        rest->left = node->left;
        rest->right = right;
        rest = balance(map, rest);
    }
    node->left = node->right = NULL;
    node_release(map, node);
    map->count--;
    return rest;
}

/* The key is known to be there. */
static struct cow_node *remove_below(struct cow_map *map, struct cow_node *node,
                                     const struct probe *probe)
{
    node = own(map, node);
    int order = compare(map, probe, node);
    if (order == 0)
        return remove_here(map, node);
    if (order < 0)
        node->left = remove_below(map, node->left, probe);
    else
        node->right = remove_below(map, node->right, probe);
    return balance(map, node);
}

/* --- how many nodes a change will take --------------------------------------------------- */

static size_t nodes_to_put(const struct cow_map *map, struct cow_key key)
{
    struct probe probe = probe_for(key);
    size_t needed = 0;
    bool shared = false;
    for (const struct cow_node *node = map->root; node != NULL;) {
        shared = shared || node->refs > 1;
        needed += shared ? 1 : 0;
        int order = compare(map, &probe, node);
        if (order == 0)
            return needed;
        node = order < 0 ? node->left : node->right;
    }
    return needed + 1;
}

/* What balancing may own beside the path. The path's side shrinks by one at most, so a rotation
 * can only come where the other side is the higher one; it takes that side's root and perhaps that
 * one's inner child. */
static size_t nodes_to_balance(const struct cow_node *on_path, const struct cow_node *beside,
                               bool inner_is_left, bool shared)
{
    if (beside == NULL || height_of(beside) <= height_of(on_path))
        return 0;
    const struct cow_node *inner = inner_is_left ? beside->left : beside->right;
    if (shared || beside->refs > 1)
        return 2;
    return inner != NULL && inner->refs > 1 ? 1 : 0;
}

static size_t nodes_to_remove(const struct cow_map *map, struct cow_key key)
{
    struct probe probe = probe_for(key);
    size_t needed = 0;
    bool shared = false;
    bool found = false;
    for (const struct cow_node *node = map->root; node != NULL;) {
        shared = shared || node->refs > 1;
        needed += shared ? 1 : 0;
        /* Below the key itself the path leads to its successor, which takes its place. */
        int order = found ? -1 : compare(map, &probe, node);
        found = found || order == 0;
        bool go_left = order < 0;
        const struct cow_node *next = go_left ? node->left : node->right;
        const struct cow_node *beside = go_left ? node->right : node->left;
        needed += nodes_to_balance(next, beside, go_left, shared);
        node = next;
    }
    return needed;
}

/* What a change takes at most that other changes come before: nothing is known of the map's shape
 * then but that each of them makes it one level higher at most. */
enum {
    PUT_PER_LEVEL = 1,   /* the path; where putting unbalances the tree, it was there  */
    REMOVE_PER_LEVEL = 3 /* likewise, and two more to balance                          */
};

/* What all prepared changes and one more take at most together: no node is copied twice, and no
 * change adds more than one. */
static size_t nodes_for_all(const struct cow_map *map)
{
    return map->count + map->prepared + 1;
}

static bool promise(struct cow_map *map, size_t wanted, size_t per_level)
{
    if (map->prepared > 0)
        wanted = per_level * ((size_t)height_of(map->root) + map->prepared + 1) + 1;
    size_t total = map->promised + wanted;
    if (total > nodes_for_all(map))
        total = nodes_for_all(map);
    if (!keep_spares(map, total))
        return false;
    map->promised = total;
    map->prepared++;
    return true;
}

static void note_change(struct cow_map *map)
{
    if (map->prepared == 0 || --map->prepared == 0)
        cow_map_cancel(map);
}

/* --- the interface ----------------------------------------------------------------------- */

struct cow_map cow_map_new(const struct cow_map_kind *kind, const struct mem *mem)
{
    return (struct cow_map){ .kind = kind, .mem = mem };
}

void cow_map_fini(struct cow_map *map)
{
    node_release(map, map->root);
    cow_map_cancel(map);
    map->root = NULL;
    map->count = 0;
}

struct cow_map cow_map_fork(const struct cow_map *map, const struct mem *mem)
{
    struct cow_map copy = cow_map_new(map->kind, mem);
    node_retain(map->root);
    copy.root = map->root;
    copy.count = map->count;
    return copy;
}

struct cow_map cow_map_retain(const struct cow_map *map)
{
    return cow_map_fork(map, map->mem);
}

bool cow_map_prepare_put(struct cow_map *map, struct cow_key key)
{
    return promise(map, nodes_to_put(map, key), PUT_PER_LEVEL);
}

bool cow_map_prepare_remove(struct cow_map *map, struct cow_key key)
{
    return promise(map, nodes_to_remove(map, key), REMOVE_PER_LEVEL);
}

void cow_map_cancel(struct cow_map *map)
{
    map->prepared = 0;
    map->promised = 0;
    drop_spares(map);
}

void cow_map_put(struct cow_map *map, const void *value)
{
    struct probe probe = probe_for(map->kind->key_of(value));
    map->root = put(map, map->root, &probe, value);
    note_change(map);
}

void cow_map_remove(struct cow_map *map, struct cow_key key)
{
    struct probe probe = probe_for(key);
    if (cow_map_find(map, key) != NULL)
        map->root = remove_below(map, map->root, &probe);
    note_change(map);
}

const void *cow_map_find(const struct cow_map *map, struct cow_key key)
{
    struct probe probe = probe_for(key);
    const struct cow_node *node = map->root;
    while (node != NULL) {
        int order = compare(map, &probe, node);
        if (order == 0)
            return node->value;
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

static void push(struct cow_cursor *cursor, const struct cow_node *node)
{
    assert(cursor->depth < COW_MAP_DEPTH_MAX);
    cursor->path[cursor->depth++] = node;
}

/* path holds the nodes still to be visited whose left sides are done, the next one on top. */
void cow_cursor_seek(struct cow_cursor *cursor, const struct cow_map *map, struct cow_key from)
{
    struct probe probe = probe_for(from);
    cursor->depth = 0;
    for (const struct cow_node *node = map->root; node != NULL;) {
        if (compare(map, &probe, node) > 0) {
            node = node->right;
            continue;
        }
        push(cursor, node);
        node = node->left;
    }
}

const void *cow_cursor_next(struct cow_cursor *cursor)
{
    if (cursor->depth == 0)
        return NULL;
    const struct cow_node *here = cursor->path[--cursor->depth];
    for (const struct cow_node *node = here->right; node != NULL; node = node->left)
        push(cursor, node);
    return here->value;
}
