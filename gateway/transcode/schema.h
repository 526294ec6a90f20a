/* What the gateway knows of an API: a FileDescriptorSet compiled to tables.
 *
 * Every google.api.http rule is checked and resolved here, once, so that a call only follows
 * pointers. Immutable after loading: shared by all threads without locks. Everything hangs off the
 * schema and lives as long as it does; structs are open for reading. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_SCHEMA_H
#define TESTKIT_GATEWAY_TRANSCODE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "common/http/path_template.h"
#include "gateway/transcode/wire.h"

/* Numbers as in google.protobuf.FieldDescriptorProto.Type. */
enum field_type {
    TYPE_DOUBLE = 1,
    TYPE_FLOAT = 2,
    TYPE_INT64 = 3,
    TYPE_UINT64 = 4,
    TYPE_INT32 = 5,
    TYPE_FIXED64 = 6,
    TYPE_FIXED32 = 7,
    TYPE_BOOL = 8,
    TYPE_STRING = 9,
    TYPE_GROUP = 10,
    TYPE_MESSAGE = 11,
    TYPE_BYTES = 12,
    TYPE_UINT32 = 13,
    TYPE_ENUM = 14,
    TYPE_SFIXED32 = 15,
    TYPE_SFIXED64 = 16,
    TYPE_SINT32 = 17,
    TYPE_SINT64 = 18,
};

/* How a message looks in JSON. */
enum message_form {
    FORM_OBJECT,     /* an object with one member per field                            */
    FORM_MAP_ENTRY,  /* never seen alone: an object's key and value                    */
    FORM_TIMESTAMP,  /* google.protobuf.Timestamp: RFC 3339 text                       */
    FORM_DURATION,   /* google.protobuf.Duration: "1.5s", or Go text by an option      */
    FORM_WRAPPER,    /* google.protobuf.Int64Value and kin: the bare value             */
    FORM_FIELD_MASK, /* google.protobuf.FieldMask: "userName,address.city"             */
    FORM_STRUCT,     /* google.protobuf.Struct: any object                             */
    FORM_VALUE,      /* google.protobuf.Value: any JSON                                */
    FORM_LIST,       /* google.protobuf.ListValue: any array                           */
    FORM_EMPTY,      /* google.protobuf.Empty: {}, and any answer is accepted          */
    FORM_HTTP_BODY,  /* google.api.HttpBody: as a whole body its bytes, elsewhere an
                        object of its fields                                           */
    FORM_ANY,        /* google.protobuf.Any: not translated, a set one is refused      */
};

/* google.protobuf.Duration: 10,000 years either way. */
#define DURATION_MAX_SECONDS INT64_C(315576000000)

struct enum_value {
    int32_t number;
    struct text name; /* SNAPSHOT_KIND_STANDBY                                              */
    struct text json; /* "Standby"; data NULL for a value that has no spelling in this API  */
};

struct enumeration {
    struct text full_name;
    const struct enum_value *values; /* in declaration order */
    size_t value_count;
    bool is_null; /* google.protobuf.NullValue, in JSON null */
};

struct message;

struct field {
    struct text name;       /* as in the .proto                                              */
    struct text json_name;  /* the JSON key and query name: `name` unless the .proto sets
                               json_name itself                                              */
    struct text camel_name; /* lowerCamelCase, understood too in answers, as proto3 JSON wants;
                               data NULL when it is no other or belongs to another field    */
    uint32_t number;
    enum field_type type;
    bool is_repeated; /* also true for maps                                              */
    bool is_map;
    bool has_presence;   /* zero differs from absent: optional, oneof members, messages     */
    bool is_go_duration; /* hypeman.gateway.v1.duration_form = GO                           */
    bool is_single;      /* its values are single ones in JSON, fit for a path or query: all
                            scalars, Timestamp, Duration, FieldMask, wrappers               */
    bool takes_null;     /* null is a value of it: Value, NullValue                         */
    int oneof;           /* index of a real oneof within the message, -1 for none           */
    const struct message *message;         /* TYPE_MESSAGE only */
    const struct enumeration *enumeration; /* TYPE_ENUM only    */
};

struct message {
    struct text full_name;
    enum message_form form;
    const struct field *fields;  /* in declaration order */
    const struct field *wrapped; /* FORM_WRAPPER only: the value's field */
    uint16_t field_count;
    uint16_t oneof_count;
    const uint16_t *by_number; /* indexes into fields, ascending by number          */
    const uint16_t *by_name;   /* hash table: field index + 1, 0 = free, see schema.c */
    uint32_t by_name_mask;
};

enum { BINDING_MAX_PATH_DEPTH = 8 };

/* A path variable's way to its field: "snapshot.id" is two steps. */
struct field_path {
    const struct field *steps[BINDING_MAX_PATH_DEPTH];
    size_t length;
};

enum body_rule {
    BODY_NONE,  /* no body: what the path does not take goes into the query    */
    BODY_ALL,   /* "*": the whole message but the path's fields                */
    BODY_FIELD, /* one top-level field; the rest goes into the query           */
};

/* One google.api.http rule. */
struct binding {
    enum http_method verb;
    const char *verb_name; /* "GET"; of HTTP_METHOD_OTHER the custom kind, as it goes out  */
    const struct path_template *path;
    struct field_path variables[PATH_TEMPLATE_MAX_VARIABLES]; /* in the template's order */
    size_t variable_count;
    enum body_rule body;
    const struct field *body_field; /* BODY_FIELD only                                     */
    bool is_raw;                    /* the body is an HttpBody: its bytes, of its own type  */
    const struct message *reply;
    const struct field *response_body; /* the reply's field that the whole answer fills; or NULL */
    bool answers_raw;                  /* the answer fills an HttpBody, whatever it is           */
};

/* An exception to the status table (hypeman.gateway.v1.error_rules). */
struct error_rule {
    int http_status;            /* 0 = any     */
    struct text reason;         /* empty = any */
    struct text message_prefix; /* empty = any */
    int code;                   /* a gRPC status code, 1 to 16 */
};

struct method {
    struct text path;      /* "/hypeman.v1.SnapshotService/CreateSnapshot" */
    struct text full_name; /* "hypeman.v1.SnapshotService.CreateSnapshot"  */
    const struct message *request;
    const struct message *reply;
    bool client_streams;
    bool server_streams;
    const struct binding *bindings; /* the rule, then its additional_bindings; 0 = no rule */
    size_t binding_count;
    const struct error_rule *error_rules;
    size_t error_rule_count;
    int64_t timeout_ms; /* how long the upstream may take; 0 = as long as for any method */
};

/* Bounds of a method's timeout. */
enum { METHOD_TIMEOUT_MIN_MS = 1, METHOD_TIMEOUT_MAX_MS = 24 * 3600 * 1000 };

struct schema;

/* Compiles a serialized google.protobuf.FileDescriptorSet (bytes are copied).
 * Owned: schema_free().
 * Fails  INVALID_ARGUMENT  not a descriptor set, imports missing, or a rule that cannot work: path
 *                          variable without a field, repeated or message-typed; unknown body or
 *                          response_body field; a body for HEAD or TRACE; a field that a query
 *                          cannot hold (http.proto: a repeated message); two rules with the same
 *                          verb and path; a timeout out of bounds; two methods of one name; no
 *                          method at all. The message names file, method and reason.
 *        NO_MEMORY */
MUST_USE bool schema_load(struct text descriptor_set, struct schema **out, struct error *err);
void schema_free(struct schema *schema);

/* Before the schema is shared: gives a method another timeout. False when there is none of that
 * path. timeout_ms  within the bounds */
MUST_USE bool schema_set_timeout(struct schema *schema, struct text path, int64_t timeout_ms);

/* The method served at an HTTP/2 :path, NULL when there is none. */
const struct method *schema_find_method(const struct schema *schema, struct text path);
size_t schema_method_count(const struct schema *schema);
const struct method *schema_method(const struct schema *schema, size_t index);
size_t schema_method_index(const struct schema *schema, const struct method *method);
/* By full name without a leading dot; NULL when unknown. */
const struct message *schema_find_message(const struct schema *schema, struct text full_name);

const struct field *message_find_number(const struct message *message, uint32_t number);
/* By JSON key: json_name or camel_name. */
const struct field *message_find_name(const struct message *message, struct text key);
size_t field_index(const struct message *message, const struct field *field);
/* True for messages that are a single value in JSON: FORM_TIMESTAMP, DURATION, FIELD_MASK,
 * WRAPPER. */
bool form_is_single(enum message_form form);
/* How a single value of that type stands on the wire; only repeated numbers may be packed. */
enum wire_type field_wire_type(enum field_type type);

const struct enum_value *enumeration_find_number(const struct enumeration *e, int32_t number);
const struct enum_value *enumeration_find_json(const struct enumeration *e, struct text json);

#endif
