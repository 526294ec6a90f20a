/* Shared by schema.c (look-ups), schema_load.c (messages) and schema_rules.c (HTTP rules) only. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_SCHEMA_INTERNAL_H
#define TESTKIT_GATEWAY_TRANSCODE_SCHEMA_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, hash)                                                           \
    ((hash) = schema_hash((struct text){ (const char *)(key), (length) }))
#include <protobuf-c/protobuf-c.h>
#include <uthash.h>

#include "common/base/arena.h"
#include "gateway/transcode/schema.h"

struct type_entry {
    UT_hash_handle hh; /* key: the full name */
    struct text full_name;
    struct message *message; /* one of the two is set */
    struct enumeration *enumeration;
    bool is_visited; /* by schema_first_visit */
};

struct method_entry {
    UT_hash_handle hh; /* key: the path */
    const struct method *method;
};

struct schema {
    struct arena arena; /* everything but what stands below */
    struct type_entry *types;
    struct method_entry *methods_by_path;
    struct method *methods;
    size_t method_count;
    struct path_template **templates; /* for schema_free */
    size_t template_count;
    size_t template_capacity;
};

uint32_t schema_hash(struct text t);

/* True once per message. */
bool schema_first_visit(struct schema *schema, const struct message *message);

/* An option by extension number, from the bytes protobuf-c kept as unknown: the raw varint value,
 * or the content of a length-delimited field. */
struct option_value {
    uint64_t number;
    struct text bytes;
};
/* The nth occurrence; false when there are fewer. */
bool option_find(const ProtobufCMessage *options, uint32_t extension, size_t nth,
                 struct option_value *out);

/* protobuf-c unpacks messages inside messages by recursion without a limit, so what may contain
 * itself is measured first. True when the bytes are well-formed and field `self`
 * of the message that the fields way[0], way[1] ... lead to is nested no deeper than
 * SCHEMA_MAX_NESTING. */
enum { SCHEMA_MAX_NESTING = 32 };
bool schema_nesting_fits(struct text bytes, const uint32_t *way, size_t steps, uint32_t self);

/* Where an error is reported from. */
struct rule_place {
    const char *file;
    const struct method *method;
};

/* Compiles the method's google.api.http rule, given its serialized HttpRule, into *method. */
MUST_USE bool schema_compile_rule(struct schema *schema, struct rule_place place,
                                  struct text http_rule, struct method *method, struct error *err);
/* The method's error rules from its options. */
MUST_USE bool schema_compile_error_rules(struct schema *schema, struct rule_place place,
                                         const ProtobufCMessage *options, struct method *method,
                                         struct error *err);
/* Its timeout. */
MUST_USE bool schema_compile_timeout(struct schema *schema, struct rule_place place,
                                     const ProtobufCMessage *options, struct method *method,
                                     struct error *err);

#endif
