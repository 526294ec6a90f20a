#include "mock/api/router.h"

#include <assert.h>
#include <stdlib.h>

enum { MAX_SEGMENTS = 6, MAX_METHODS = 4 };

/* One distinct path with the routes of its methods. A segment with data NULL is a parameter. */
struct node {
    struct text segments[MAX_SEGMENTS];
    size_t segment_count;
    const char *path;
    const struct route *routes[MAX_METHODS];
    size_t route_count;
};

struct router {
    struct node *nodes; /* in the table's order */
    size_t count;
};

/* Cuts "/a/b" at its slashes. False when it does not start with one or has too many. */
static bool split(struct text path, struct text *segments, size_t *count)
{
    if (path.len == 0 || path.data[0] != '/')
        return false;
    struct text rest = { path.data + 1, path.len - 1 };
    *count = 0;
    while (rest.data != NULL) {
        if (*count == MAX_SEGMENTS)
            return false;
        segments[(*count)++] = text_split(&rest, '/');
    }
    return true;
}

static struct node *find_node(struct router *router, const char *path)
{
    for (size_t i = 0; i < router->count; i++) {
        if (text_equal_cstr(text_of(path), router->nodes[i].path))
            return &router->nodes[i];
    }
    struct node *node = &router->nodes[router->count++];
    *node = (struct node){ .path = path };
    const bool fits = split(text_of(path), node->segments, &node->segment_count);
    assert(fits);
    for (size_t i = 0; i < node->segment_count; i++) {
        if (node->segments[i].data[0] == '{')
            node->segments[i] = (struct text){ 0 };
    }
    return node;
}

struct router *router_new(const struct route *table)
{
    size_t count = 0;
    while (table[count].path != NULL)
        count++;

    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return NULL;
    router->nodes = calloc(count + 1, sizeof *router->nodes);
    if (router->nodes == NULL) {
        router_free(router);
        return NULL;
    }
    for (const struct route *route = table; route->path != NULL; route++) {
        struct node *node = find_node(router, route->path);
        assert(node->route_count < MAX_METHODS);
        node->routes[node->route_count++] = route;
    }
    return router;
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    free(router->nodes);
    free(router);
}

/* An empty parameter fits anywhere but at the end: the router lets it through and the validator
 * behind it refuses (SNAP-X-014). */
static bool node_fits(const struct node *node, const struct text *segments, size_t count)
{
    if (node->segment_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (node->segments[i].data == NULL) {
            if (segments[i].len == 0 && i + 1 == count)
                return false;
        } else if (!text_equal(node->segments[i], segments[i])) {
            return false;
        }
    }
    return true;
}

static const struct route *route_of(const struct node *node, enum http_method method)
{
    for (size_t i = 0; i < node->route_count; i++) {
        if (node->routes[i]->method == method)
            return node->routes[i];
    }
    return NULL;
}

static void add_allowed(struct route_match *out, const struct node *node)
{
    for (size_t i = 0; i < node->route_count; i++) {
        assert(out->allowed_count < ROUTER_MAX_ALLOWED);
        out->allowed[out->allowed_count++] = node->routes[i]->method;
    }
}

static bool has_parameter(const struct node *node)
{
    for (size_t i = 0; i < node->segment_count; i++) {
        if (node->segments[i].data == NULL)
            return true;
    }
    return false;
}

static enum route_result capture(const struct node *node, const struct route *route,
                                 const struct text *segments, struct route_match *out)
{
    for (size_t i = 0; i < node->segment_count; i++) {
        if (node->segments[i].data != NULL)
            continue;
        if (segments[i].len == 0)
            return ROUTE_EMPTY_SEGMENT;
        assert(out->capture_count < PATH_MAX_PARAMS);
        out->captures[out->capture_count++] = segments[i];
    }
    out->route = route;
    return ROUTE_FOUND;
}

enum route_result router_find(const struct router *router, enum http_method method,
                              struct text path, struct route_match *out)
{
    struct text segments[MAX_SEGMENTS];
    size_t count;
    bool known = false;
    bool literal_known = false;

    *out = (struct route_match){ 0 };
    if (!split(path, segments, &count))
        return ROUTE_NO_PATH;

    /* A path may fit a literal and a parameter ("/devices/available"); the table lists the literal
     * one first. */
    for (size_t i = 0; i < router->count; i++) {
        const struct node *node = &router->nodes[i];
        if (!node_fits(node, segments, count))
            continue;
        const struct route *route = route_of(node, method);
        if (route != NULL)
            return literal_known ? ROUTE_SHADOWED : capture(node, route, segments, out);
        known = true;
        literal_known = literal_known || !has_parameter(node);
        add_allowed(out, node);
    }
    if (!known)
        return ROUTE_NO_PATH;
    if (method == HTTP_METHOD_OTHER)
        out->allowed_count = 0; /* HTTP-024 */
    return ROUTE_NO_METHOD;
}
