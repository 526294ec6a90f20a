#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/http/query.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/to_json.h"
#include "gateway/transcode/wire.h"

static void assert_translated(const struct method *m, struct text wire, const char *verb,
                              const char *target, const char *body)
{
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    if (!transcode_request(m, wire, &out, &err))
        fail_msg(TEXT_FMT ": %s", TEXT_ARGS(m->full_name), err.message);
    assert_string_equal(out.binding->verb_name, verb);
    assert_text(buffer_text(&out.target), target);
    assert_int_equal(out.has_body, body != NULL);
    assert_text(buffer_text(&out.body), body == NULL ? "" : body);
    transcoded_request_fini(&out);
}

static struct buffer wire_for(const struct method *m, const char *text)
{
    char name[256];
    (void)snprintf(name, sizeof name, TEXT_FMT, TEXT_ARGS(m->request->full_name));
    return wire_of(name, text);
}

/* One request: in protobuf's text form, then as it goes out. */
struct example {
    const char *method;
    const char *text;
    const char *verb;
    const char *target;
    const char *body; /* NULL = none */
};

static void assert_examples(const struct schema *schema, const char *service,
                            const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s.%s", service, examples[i].method);
        const struct method *m = method_named(schema, name);
        SCOPED(buffer) struct buffer wire = wire_for(m, examples[i].text);
        assert_translated(m, buffer_text(&wire), examples[i].verb, examples[i].target,
                          examples[i].body);
    }
}

#define assert_all(state, service, examples)                                                       \
    assert_examples(*(state), service, examples, ARRAY_LEN(examples))

/* The method refuses the bytes; what it says. */
static struct error refusal(const struct method *m, struct text wire)
{
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    if (transcode_request(m, wire, &out, &err))
        fail_msg(TEXT_FMT " sent " TEXT_FMT " " TEXT_FMT, TEXT_ARGS(m->full_name),
                 TEXT_ARGS(buffer_text(&out.target)), TEXT_ARGS(buffer_text(&out.body)));
    transcoded_request_fini(&out);
    return err;
}

static void assert_refused(const struct method *m, struct text wire, enum error_code code,
                           const char *field)
{
    struct error err = refusal(m, wire);
    assert_error_code(err, code);
    assert_string_equal(err.field, field);
}

static void assert_text_refused(const struct method *m, const char *text, const char *field)
{
    SCOPED(buffer) struct buffer wire = wire_for(m, text);
    assert_refused(m, buffer_text(&wire), ERROR_INVALID_ARGUMENT, field);
}

/* ---- the Hypeman API ---------------------------------------------------------------------- */

static const struct example snapshot_examples[] = {
    { "CreateSnapshot", "instance_id: 'vm-1' kind: SNAPSHOT_KIND_STANDBY", "POST",
      "/instances/vm-1/snapshots", "{\"kind\":\"Standby\"}" },
    { "CreateSnapshot",
      "instance_id: 'vm-1' kind: SNAPSHOT_KIND_STOPPED name: 'base' "
      "tags { key: 'team' value: 'backend' } tags { key: 'env' value: '' } "
      "compression { enabled: true algorithm: COMPRESSION_ALGORITHM_LZ4 level: 0 }",
      "POST", "/instances/vm-1/snapshots",
      "{\"kind\":\"Stopped\",\"name\":\"base\",\"tags\":{\"env\":\"\",\"team\":\"backend\"},"
      "\"compression\":{\"enabled\":true,\"algorithm\":\"lz4\",\"level\":0}}" },
    { "CreateSnapshot", "instance_id: 'vm-1' compression {}", "POST", "/instances/vm-1/snapshots",
      "{\"compression\":{}}" },
    { "CreateSnapshot", "instance_id: 'vm-1' name: '' compression { enabled: false }", "POST",
      "/instances/vm-1/snapshots", "{\"name\":\"\",\"compression\":{\"enabled\":false}}" },
    { "ListSnapshots", "", "GET", "/snapshots", NULL },
    { "ListSnapshots",
      "source_instance_id: 'abc' kind: SNAPSHOT_KIND_STANDBY name: 'a b' "
      "tags { key: 'team' value: 'backend' } tags { key: 'a&b' value: 'c=d' }",
      "GET",
      "/snapshots?source_instance_id=abc&kind=Standby&name=a%20b&tags[a%26b]=c%3Dd"
      "&tags[team]=backend",
      NULL },
    { "ListSnapshots", "name: ''", "GET", "/snapshots?name=", NULL },
    { "GetSnapshot", "snapshot_id: 'snap-1'", "GET", "/snapshots/snap-1", NULL },
    { "GetSnapshot", "snapshot_id: 'a/b c'", "GET", "/snapshots/a%2Fb%20c", NULL },
    { "DeleteSnapshot", "snapshot_id: 'snap-1'", "DELETE", "/snapshots/snap-1", NULL },
    { "ForkSnapshot",
      "snapshot_id: 's' name: 'copy' target_state: TARGET_STATE_RUNNING "
      "target_hypervisor: HYPERVISOR_CLOUD_HYPERVISOR",
      "POST", "/snapshots/s/fork",
      "{\"name\":\"copy\",\"target_state\":\"Running\",\"target_hypervisor\":\"cloud-"
      "hypervisor\"}" },
    { "RestoreSnapshot", "instance_id: 'i' snapshot_id: 's'", "POST",
      "/instances/i/snapshots/s/restore", "{}" },
    { "GetSnapshotSchedule", "instance_id: 'i'", "GET", "/instances/i/snapshot-schedule", NULL },
    { "SetSnapshotSchedule",
      "instance_id: 'i' interval { seconds: 5400 } name_prefix: 'nightly' "
      "metadata { key: 'k' value: 'v' } retention { max_count: 0 max_age { seconds: 86400 } }",
      "PUT", "/instances/i/snapshot-schedule",
      "{\"interval\":\"1h30m0s\",\"name_prefix\":\"nightly\",\"metadata\":{\"k\":\"v\"},"
      "\"retention\":{\"max_count\":0,\"max_age\":\"24h0m0s\"}}" },
    { "DeleteSnapshotSchedule", "instance_id: 'i'", "DELETE", "/instances/i/snapshot-schedule",
      NULL },
};

static const struct example instance_examples[] = {
    { "CreateInstance", "name: 'web' image: 'nginx'", "POST", "/instances",
      "{\"name\":\"web\",\"image\":\"nginx\"}" },
    { "CreateInstance",
      "name: 'web' image: 'nginx' size: '1GB' vcpus: 0 env { key: 'A' value: 'b' } "
      "network { enabled: false egress { enforcement { mode: "
      "EGRESS_ENFORCEMENT_MODE_HTTP_HTTPS_ONLY "
      "} } } devices: 'gpu0' devices: '' volumes { volume_id: 'v' mount_path: '/d' readonly: false "
      "} "
      "entrypoint: 'sh' cmd: '-c' skip_guest_agent: false "
      "credentials { key: 'TOKEN' value { source { env: 'T' } inject { as { header: 'H' format: "
      "'${value}' } hosts: '*.x' } } } "
      "auto_standby { enabled: true idle_timeout { nanos: 500000000 } ignore_destination_ports: 22 "
      "ignore_destination_ports: 0 } ttl {} expires_at { seconds: 1772805371 nanos: 5000000 }",
      "POST", "/instances",
      "{\"name\":\"web\",\"image\":\"nginx\",\"size\":\"1GB\",\"vcpus\":0,\"env\":{\"A\":\"b\"},"
      "\"network\":{\"enabled\":false,\"egress\":{\"enforcement\":{\"mode\":\"http_https_only\"}}},"
      "\"devices\":[\"gpu0\",\"\"],\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/d\","
      "\"readonly\":false}],\"entrypoint\":[\"sh\"],\"cmd\":[\"-c\"],\"skip_guest_agent\":false,"
      "\"credentials\":{\"TOKEN\":{\"source\":{\"env\":\"T\"},\"inject\":[{\"as\":{\"header\":"
      "\"H\","
      "\"format\":\"${value}\"},\"hosts\":[\"*.x\"]}]}},\"auto_standby\":{\"enabled\":true,"
      "\"idle_timeout\":\"500ms\",\"ignore_destination_ports\":[22,0]},\"ttl\":\"0s\","
      "\"expires_at\":\"2026-03-06T13:56:11.005Z\"}" },
    { "CreateInstance", "hypervisor: HYPERVISOR_UNSPECIFIED", "POST", "/instances", "{}" },
    { "ListInstances", "state: INSTANCE_STATE_RUNNING tags { key: 'a' value: 'b' }", "GET",
      "/instances?state=Running&tags[a]=b", NULL },
    { "ListInstances", "state: INSTANCE_STATE_UNSPECIFIED", "GET", "/instances", NULL },
    { "UpdateInstance", "instance_id: 'i' auto_standby {}", "PATCH", "/instances/i",
      "{\"auto_standby\":{}}" },
    { "DeleteInstance", "instance_id: 'i'", "DELETE", "/instances/i", NULL },
    { "DeleteInstance", "instance_id: 'i' graceful_shutdown: false", "DELETE",
      "/instances/i?graceful_shutdown=false", NULL },
    { "StartInstance", "instance_id: 'i' cmd: 'x'", "POST", "/instances/i/start",
      "{\"cmd\":[\"x\"]}" },
    { "StopInstance", "instance_id: 'i'", "POST", "/instances/i/stop", NULL },
    { "StandbyInstance", "instance_id: 'i'", "POST", "/instances/i/standby", "{}" },
    { "RestoreInstance", "instance_id: 'i'", "POST", "/instances/i/restore", NULL },
    { "ForkInstance", "instance_id: 'i' name: 'n' from_running: false", "POST", "/instances/i/fork",
      "{\"name\":\"n\",\"from_running\":false}" },
    { "WaitInstance", "instance_id: 'i' state: INSTANCE_STATE_RUNNING timeout { seconds: 90 }",
      "GET", "/instances/i/wait?state=Running&timeout=1m30s", NULL },
    { "GetInstanceStats", "instance_id: 'i'", "GET", "/instances/i/stats", NULL },
    { "StatInstancePath", "instance_id: 'i' path: '/etc/a b' follow_links: true", "GET",
      "/instances/i/stat?path=%2Fetc%2Fa%20b&follow_links=true", NULL },
    { "HoldAutoStandby", "instance_id: 'i'", "POST", "/instances/i/auto-standby/hold", NULL },
};

static void hypeman_requests_become_what_its_api_expects(void **state)
{
    assert_all(state, "hypeman.v1.SnapshotService", snapshot_examples);
    assert_all(state, "hypeman.v1.InstanceService", instance_examples);
}

/* ---- paths -------------------------------------------------------------------------------- */

static const struct example path_examples[] = {
    { "GetShelf", "name: 'shelves/1'", "GET", "/v1/shelves/1", NULL },
    { "GetShelf", "name: 'shelves/a b'", "GET", "/v1/shelves/a%20b", NULL },
    { "GetBook", "book { name: 'shelves/1/books/2' }", "GET", "/v1/shelves/1/books/2", NULL },
    /* What the path does not take goes into the query. */
    { "GetBook", "book { name: 'shelves/1/books/2' pages: 7 } note: '' tags: 'x' tags: ''", "GET",
      "/v1/shelves/1/books/2?book.pages=7&note=&tags=x&tags=", NULL },
    { "GetFile", "name: 'a'", "GET", "/files/a", NULL },
    { "GetFile", "name: 'a/b c/d%2F'", "GET", "/files/a/b%20c/d%252F", NULL },
    { "GetOne", "name: 'a/b'", "GET", "/one/a%2Fb", NULL },
    { "GetOne", "name: '...'", "GET", "/one/...", NULL },
    { "GetOne", "name: '%2e%2e'", "GET", "/one/%252e%252e", NULL },
    { "PublishBook", "name: 'shelves/1' note: 'n'", "POST", "/v1/shelves/1:publish",
      "{\"note\":\"n\"}" },
    /* Zero is a value, but where zero differs from absent. */
    { "GetNumber", "", "GET", "/number/0", NULL },
    { "GetNumber", "number: -9223372036854775808", "GET", "/number/-9223372036854775808", NULL },
    { "GetMaybe", "maybe: 0", "GET", "/maybe/0", NULL },
    { "GetNumbers",
      "number: 9007199254740993 flag: true color: COLOR_DEEP_BLUE maybe: -1 blob: '\\xfb\\xff' "
      "ratio: 0.5",
      "GET", "/n/9007199254740993/true/deep-blue/-1/%2B%2F8%3D/0.5", NULL },
    { "GetNumbers", "color: COLOR_RED maybe: 0 blob: 'a'", "GET", "/n/0/false/red/0/YQ%3D%3D/0",
      NULL },
    { "GetOdd", "name: 'a@b/x y/c,d'", "GET", "/odd/$value/(default)/a@b/x%20y/c,d:do", NULL },
    /* A number the schema does not know is the API's to judge. */
    { "GetNumbers", "color: 77 maybe: 0 blob: 'a'", "GET", "/n/0/false/77/0/YQ%3D%3D/0", NULL },
};

static void path_variables_are_written_by_http_proto(void **state)
{
    assert_all(state, "shapes.v1.Shapes", path_examples);
}

static const struct {
    const char *method;
    const char *text;
    const char *field;
} bad_paths[] = {
    { "GetOne", "", "name" },
    { "GetOne", "name: ''", "name" },
    { "GetOne", "name: '.'", "name" },
    { "GetOne", "name: '..'", "name" },
    { "GetShelf", "name: 'shelves'", "name" },
    { "GetShelf", "name: 'shelves/'", "name" },
    { "GetShelf", "name: 'shelves/..'", "name" },
    { "GetShelf", "name: 'shelves/1/2'", "name" },
    { "GetShelf", "name: 'other/1'", "name" },
    { "GetFile", "name: 'a//b'", "name" },
    { "GetFile", "name: '/a'", "name" },
    { "GetFile", "name: 'a/'", "name" },
    { "GetFile", "name: 'a/../b'", "name" },
    { "GetFile", "name: './a'", "name" },
    { "GetBook", "", "book.name" },
    { "GetBook", "book {}", "book.name" },
    { "GetMaybe", "", "maybe" },
    { "GetNumbers", "maybe: 0 blob: 'a'", "color" }, /* an enum value without a word */
    { "GetNumbers", "color: COLOR_RED maybe: 0", "blob" },
};

static void path_values_that_would_change_the_path_are_refused_naming_the_field(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_paths); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", bad_paths[i].method);
        assert_text_refused(method_named(*state, name), bad_paths[i].text, bad_paths[i].field);
    }
}

/* Field `number` of a message holding a string. */
static void put_string(struct buffer *b, uint32_t number, struct text value)
{
    wire_write_tag(b, number, WIRE_BYTES);
    assert_true(wire_write_bytes(b, value));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes percent escapes; everything else must be harmless in a URL. */
static struct buffer unescaped(struct text t)
{
    struct buffer out = buffer_capped(1 << 16);
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] != '%') {
            assert_true(t.data[i] > ' ' && t.data[i] < 0x7f && strchr("?#&=+/", t.data[i]) == NULL);
            buffer_append_byte(&out, (uint8_t)t.data[i]);
            continue;
        }
        assert_true(i + 2 < t.len && hex_digit(t.data[i + 1]) >= 0 &&
                    hex_digit(t.data[i + 2]) >= 0);
        buffer_append_byte(&out,
                           (uint8_t)(hex_digit(t.data[i + 1]) << 4 | hex_digit(t.data[i + 2])));
        i += 2;
    }
    return out;
}

/* Every character of one, two, three or four bytes that holds this byte value in some place; the
 * byte itself for ASCII. */
static void every_byte_survives_the_path_and_the_query(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.GetOne");
    static const char *const longer[] = { "\xc2\x80",        "\xdf\xbf",     "\xe0\xa0\x80",
                                          "\xed\x9f\xbf",    "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                                          "\xf4\x8f\xbf\xbf" };
    for (size_t i = 0; i < 128 + ARRAY_LEN(longer) + 256; i++) {
        char value[8] = "x";
        size_t len = 1;
        if (i < 128) {
            value[len++] = (char)i;
        } else if (i < 128 + ARRAY_LEN(longer)) {
            strcpy(value, longer[i - 128]);
            len = strlen(value);
        } else { /* lead and continuation bytes */
            unsigned byte = (unsigned)(i - 128 - ARRAY_LEN(longer));
            value[0] = (char)(0xc2 + byte % 30);
            value[1] = (char)(0x80 + byte % 64);
            len = 2;
        }
        SCOPED(buffer) struct buffer wire = buffer_capped(64);
        put_string(&wire, 1, (struct text){ value, len }); /* name, in the path */
        put_string(&wire, 3, (struct text){ value, len }); /* note, in the query */
        struct transcoded_request out = { 0 };
        struct error err = { 0 };
        if (!transcode_request(m, buffer_text(&wire), &out, &err))
            fail_msg("%zu: %s", i, err.message);
        struct text rest = buffer_text(&out.target);
        struct text path = text_split(&rest, '?');
        assert_true(text_starts_with(path, TEXT("/one/")) && text_starts_with(rest, TEXT("note=")));
        SCOPED(buffer)
        struct buffer from_path = unescaped((struct text){ path.data + 5, path.len - 5 });
        SCOPED(buffer)
        struct buffer from_query = unescaped((struct text){ rest.data + 5, rest.len - 5 });
        assert_int_equal(from_path.len, len);
        assert_memory_equal(from_path.data, value, len);
        assert_int_equal(from_query.len, len);
        assert_memory_equal(from_query.data, value, len);
        transcoded_request_fini(&out);
    }
}

static void a_path_or_query_above_its_ceiling_is_refused(void **state)
{
    static char letters[TRANSCODED_TARGET_MAX];
    memset(letters, 'x', sizeof letters);
    const struct method *m = method_named(*state, "shapes.v1.Shapes.GetOne");
    SCOPED(buffer) struct buffer long_path = buffer_capped(1 << 20);
    put_string(&long_path, 1, (struct text){ letters, sizeof letters - 4 });
    assert_error_code(refusal(m, buffer_text(&long_path)), ERROR_RESOURCE_EXHAUSTED);
    SCOPED(buffer) struct buffer fits = buffer_capped(1 << 20);
    put_string(&fits, 1, (struct text){ letters, sizeof letters - 5 });
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    assert_true(transcode_request(m, buffer_text(&fits), &out, &err));
    assert_int_equal(out.target.len, TRANSCODED_TARGET_MAX);
    transcoded_request_fini(&out);
    put_string(&fits, 3, TEXT(""));
    assert_error_code(refusal(m, buffer_text(&fits)), ERROR_RESOURCE_EXHAUSTED);
}

static const struct example binding_examples[] = {
    /* The first rule whose path fields are all set and fit. */
    { "Find", "a: '1' b: '2' rest: 'r'", "GET", "/a/1/b/2?rest=r", NULL },
    { "Find", "b: 'only/2' rest: 'r'", "GET", "/b/only/2?rest=r", NULL },
    { "Find", "a: '1' b: '' rest: 'r'", "POST", "/find?a=1", "\"r\"" },
    { "Find", "b: 'other' rest: 'r'", "POST", "/find?b=other", "\"r\"" },
    { "Find", "", "POST", "/find", NULL },
    { "FindStrictly", "b: '2'", "GET", "/strict/2", NULL },
    { "SendText", "id: 'i' text: 't'", "POST", "/text/i", "\"t\"" },
    { "SendText", "text: 't' count: 5", "POST", "/count?text=t", "5" },
};

static void the_first_rule_whose_path_fits_is_taken(void **state)
{
    assert_all(state, "shapes.v1.Shapes", binding_examples);
}

static void when_no_rule_fits_the_first_ones_complaint_is_the_answer(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.FindStrictly");
    assert_text_refused(m, "", "a");
    assert_text_refused(m, "a: '..' b: ''", "a");
}

static void a_path_too_long_for_its_rule_does_not_take_another(void **state)
{
    static char letters[TRANSCODED_TARGET_MAX];
    memset(letters, 'x', sizeof letters);
    const struct method *m = method_named(*state, "shapes.v1.Shapes.FindStrictly");
    SCOPED(buffer) struct buffer wire = buffer_capped(1 << 20);
    put_string(&wire, 1, (struct text){ letters, sizeof letters });
    put_string(&wire, 2, TEXT("b"));
    assert_error_code(refusal(m, buffer_text(&wire)), ERROR_RESOURCE_EXHAUSTED);
}

/* ---- queries ------------------------------------------------------------------------------ */

static const struct example query_examples[] = {
    { "QueryScalars", "", "GET", "/scalars", NULL },
    { "QueryScalars",
      "a_double: 1e300 a_float: 0.1 an_int64: -9223372036854775808 a_uint64: 18446744073709551615 "
      "an_int32: -2147483648 a_fixed64: 1 a_fixed32: 4294967295 a_bool: true a_string: 'a&b=c+d' "
      "some_bytes: '\\x00\\xff' a_uint32: 4294967295 a_color: COLOR_BELOW a_plain: PLAIN_ONE "
      "an_sfixed32: -1 an_sfixed64: 9223372036854775807 an_sint32: 2147483647 an_sint64: -1",
      "GET",
      "/scalars?a_double=1e%2B300&a_float=0.1&an_int64=-9223372036854775808"
      "&a_uint64=18446744073709551615&an_int32=-2147483648&a_fixed64=1&a_fixed32=4294967295"
      "&a_bool=true&a_string=a%26b%3Dc%2Bd&some_bytes=AP8%3D&a_uint32=4294967295"
      "&a_color=below%20zero&a_plain=PLAIN_ONE&an_sfixed32=-1&an_sfixed64=9223372036854775807"
      "&an_sint32=2147483647&an_sint64=-1",
      NULL },
    { "QueryScalars", "a_double: nan a_float: -inf", "GET",
      "/scalars?a_double=NaN&a_float=-Infinity", NULL },
    { "QueryOptionals", "", "GET", "/optionals", NULL },
    { "QueryOptionals", "some_bytes: ''", "GET", "/optionals?some_bytes=", NULL },
    { "QueryOptionals",
      "a_double: 0 a_float: 0 an_int64: 0 a_uint64: 0 an_int32: 0 a_fixed64: 0 a_fixed32: 0 "
      "a_bool: false a_string: '' some_bytes: '' a_uint32: 0 a_color: COLOR_UNSPECIFIED a_plain: "
      "PLAIN_ZERO an_sfixed32: 0 an_sfixed64: 0 an_sint32: 0 an_sint64: 0",
      "GET",
      "/optionals?a_double=0&a_float=0&an_int64=0&a_uint64=0&an_int32=0&a_fixed64=0&a_fixed32=0"
      "&a_bool=false&a_string=&some_bytes=&a_uint32=0&a_plain=PLAIN_ZERO&an_sfixed32=0"
      "&an_sfixed64=0&an_sint32=0&an_sint64=0",
      NULL },
    { "QueryLists",
      "doubles: 1.5 doubles: 0 floats: 2 int64s: -1 uint64s: 18446744073709551615 int32s: 1 "
      "int32s: 2 int32s: 1 fixed64s: 3 fixed32s: 4 bools: false bools: true strings: '' strings: "
      "'a,b' byte_strings: 'x' uint32s: 5 colors: COLOR_RED colors: 9 plains: PLAIN_ZERO "
      "sfixed32s: "
      "-6 sfixed64s: -7 sint32s: -8 sint64s: -9 unpacked: 1 unpacked: 2 times { seconds: 1 } "
      "delays "
      "{ seconds: 60 }",
      "GET",
      "/lists?doubles=1.5&doubles=0&floats=2&int64s=-1&uint64s=18446744073709551615&int32s=1"
      "&int32s=2&int32s=1&fixed64s=3&fixed32s=4&bools=false&bools=true&strings=&strings=a%2Cb"
      "&byte_strings=eA%3D%3D&uint32s=5&colors=red&colors=9&plains=PLAIN_ZERO&sfixed32s=-6"
      "&sfixed64s=-7&sint32s=-8&sint64s=-9&unpacked=1&unpacked=2&times=1970-01-01T00%3A00%3A01Z"
      "&delays=1m0s",
      NULL },
    { "QueryMaps",
      "by_int32 { key: -1 value: 'a' } by_int64 { key: 5 } by_uint64 { key: 18446744073709551615 "
      "value: 'b' } by_sint32 { key: -3 value: 'c' } by_bool { key: true value: 'yes' } by_bool { "
      "key: false value: 'no' } by_string { value: 'nokey' } by_string { key: ']' value: '[' } "
      "numbers { key: 'n' value: -2 } colors { key: 'c' value: COLOR_RED } blobs { key: 'b' value: "
      "'x' } ratios { key: 'r' value: 0.25 }",
      "GET",
      "/maps?by_int32[-1]=a&by_int64[5]=&by_uint64[18446744073709551615]=b&by_sint32[-3]=c"
      "&by_bool[false]=no&by_bool[true]=yes&by_string[]=nokey&by_string[]]=%5B&numbers[n]=-2"
      "&colors[c]=red&blobs[b]=eA%3D%3D&ratios[r]=0.25",
      NULL },
    { "QueryNested",
      "id: 'i' inner { name: 'n' innermost { flag: false delay { seconds: 1 } color: COLOR_RED } "
      "numbers: 1 numbers: 2 labels { key: 'k' value: 'v' } } since { nanos: 1 }",
      "GET",
      "/nested/i?inner.name=n&inner.innermost.flag=false&inner.innermost.delay=1s"
      "&inner.innermost.color=red&inner.numbers=1&inner.numbers=2&inner.labels[k]=v"
      "&since=1970-01-01T00%3A00%3A00.000000001Z",
      NULL },
    { "QueryNested", "id: 'i' inner {}", "GET", "/nested/i", NULL },
    { "DeleteNested", "id: 'i' inner { name: 'n' numbers: 3 }", "DELETE",
      "/nested/n?id=i&inner.numbers=3", NULL },
    { "QueryTimes", "at {} plain { seconds: -1 nanos: -500000000 } go { seconds: -90 }", "GET",
      "/times?at=1970-01-01T00%3A00%3A00Z&plain=-1.500s&go=-1m30s", NULL },
    { "QueryNamed", "snake_case_name: 'a' renamed: 'b' camel: 1", "GET",
      "/named?snake_case_name=a&%40type=b&howMany=1", NULL },
};

static void every_kind_of_field_has_its_form_in_a_query(void **state)
{
    assert_all(state, "shapes.v1.Shapes", query_examples);
}

/* ---- bodies ------------------------------------------------------------------------------- */

static const struct example body_examples[] = {
    { "PutBook", "book { name: 'b' title: '' pages: 3 } note: 'n'", "PUT", "/books/b",
      "{\"book\":{\"title\":\"\",\"pages\":3},\"note\":\"n\"}" },
    { "PutBook", "book { name: 'b' }", "PUT", "/books/b", "{\"book\":{}}" },
    { "PatchBook", "book { name: 'b' title: 't' } note: 'n'", "PATCH", "/books/b?note=n",
      "{\"title\":\"t\"}" },
    { "SendBook", "id: 'i' book { name: 'b' } text: 't' numbers: 1 labels { key: 'k' value: 'v' }",
      "POST", "/message/i?text=t&numbers=1&labels[k]=v", "{\"name\":\"b\"}" },
    { "SendBook", "id: 'i'", "POST", "/message/i", "{}" }, /* an unset message has a form */
    { "SendText", "id: 'i' text: 'say \"hi\"'", "POST", "/text/i", "\"say \\\"hi\\\"\"" },
    { "SendText", "id: 'i'", "POST", "/text/i", NULL }, /* an unset value has none */
    { "SendText", "count: 0", "POST", "/count", "0" },
    { "SendNumbers", "numbers: 1 numbers: 0", "POST", "/numbers", "[1,0]" },
    { "SendNumbers", "", "POST", "/numbers", NULL },
    { "SendLabels", "labels { key: 'k' value: 'v' } note: 'n'", "POST", "/labels?note=n",
      "{\"k\":\"v\"}" },
    { "SendEverything", "", "POST", "/everything", "{}" },
    { "SendEverything", "optionals { some_bytes: '' }", "POST", "/everything",
      "{\"optionals\":{\"some_bytes\":\"\"}}" },
    { "SendEverything", "lists { byte_strings: '' } maps { blobs { key: 'k' } }", "POST",
      "/everything", "{\"lists\":{\"byte_strings\":[\"\"]},\"maps\":{\"blobs\":{\"k\":\"\"}}}" },
    { "SendEverything", "scalars {} node {} empty {} more {} more { empty {} }", "POST",
      "/everything", "{\"scalars\":{},\"node\":{},\"empty\":{},\"more\":[{},{\"empty\":{}}]}" },
    { "SendEverything",
      "atlas { nodes { key: 'b' value { name: 'n' } } nodes { key: 'a' } times { key: -1 value { "
      "seconds: 1 } } times { key: 2 } }",
      "POST", "/everything",
      "{\"atlas\":{\"nodes\":{\"a\":{},\"b\":{\"name\":\"n\"}},"
      "\"times\":{\"-1\":\"1970-01-01T00:00:01Z\",\"2\":\"1970-01-01T00:00:00Z\"}}}" },
    { "SendEverything",
      "maps { by_int32 { key: -2147483648 } by_int64 { key: -9223372036854775808 } by_uint32 { "
      "key: "
      "4294967295 } by_uint64 { key: 18446744073709551615 } by_sint32 { key: -1 } by_sint64 { key: "
      "-2 } by_fixed32 { key: 1 } by_fixed64 { key: 2 } by_sfixed32 { key: -3 } by_sfixed64 { key: "
      "-4 } by_bool { key: true } by_bool { key: false } by_string { key: '\"' } }",
      "POST", "/everything",
      "{\"maps\":{\"by_int32\":{\"-2147483648\":\"\"},\"by_int64\":{\"-9223372036854775808\":\"\"},"
      "\"by_uint32\":{\"4294967295\":\"\"},\"by_uint64\":{\"18446744073709551615\":\"\"},"
      "\"by_sint32\":{\"-1\":\"\"},\"by_sint64\":{\"-2\":\"\"},\"by_fixed32\":{\"1\":\"\"},"
      "\"by_fixed64\":{\"2\":\"\"},\"by_sfixed32\":{\"-3\":\"\"},\"by_sfixed64\":{\"-4\":\"\"},"
      "\"by_bool\":{\"false\":\"\",\"true\":\"\"},\"by_string\":{\"\\\"\":\"\"}}}" },
    { "SendEverything", "named { renamed: 'x' camel: 2 snake_case_name: 'y' }", "POST",
      "/everything", "{\"named\":{\"snake_case_name\":\"y\",\"@type\":\"x\",\"howMany\":2}}" },
    { "SendEverything",
      "scalars { a_double: inf a_float: nan an_int64: 9007199254740993 a_uint64: "
      "18446744073709551615 a_string: '\\000a\\n\\\"\\302\\265' some_bytes: '\\377\\376' }",
      "POST", "/everything",
      "{\"scalars\":{\"a_double\":\"Infinity\",\"a_float\":\"NaN\",\"an_int64\":9007199254740993,"
      "\"a_uint64\":18446744073709551615,\"a_string\":\"\\u0000a\\n\\\"\xc2\xb5\",\"some_bytes\":"
      "\"//4=\"}}" },
    { "SendEverything", "lists { colors: COLOR_RED colors: 42 times {} delays { nanos: 1 } }",
      "POST", "/everything",
      "{\"lists\":{\"colors\":[\"red\",42],\"times\":[\"1970-01-01T00:00:00Z\"],"
      "\"delays\":[\"1ns\"]}}" },
    { "SendChoice", "text: '' right: 'r'", "POST", "/choice", "{\"text\":\"\",\"right\":\"r\"}" },
    { "SendChoice", "number: 0", "POST", "/choice", "{\"number\":0}" },
    { "SendChoice", "node {}", "POST", "/choice", "{\"node\":{}}" },
    { "SendChoice", "color: COLOR_UNSPECIFIED", "POST", "/choice", "{}" },
    { "SendForeign", "fine: 'x'", "POST", "/foreign", "{\"fine\":\"x\"}" },
};

static void bodies_hold_what_is_set_and_nothing_the_path_took(void **state)
{
    assert_all(state, "shapes.v1.Shapes", body_examples);
}

static const struct example well_known_examples[] = {
    { "SendWellKnown", "object {} list {}", "POST", "/well-known", "{\"object\":{},\"list\":[]}" },
    { "SendWellKnown",
      "object { fields { key: 'n' value { number_value: 1.5 } } fields { key: 'a' value { "
      "list_value { values { bool_value: false } values { null_value: NULL_VALUE } values { "
      "string_value: '' } } } } fields { key: 'o' value { struct_value {} } } }",
      "POST", "/well-known", "{\"object\":{\"a\":[false,null,\"\"],\"n\":1.5,\"o\":{}}}" },
    { "SendWellKnown", "value { null_value: NULL_VALUE }", "POST", "/well-known",
      "{\"value\":null}" },
    { "SendWellKnown", "value { number_value: -0.0 }", "POST", "/well-known", "{\"value\":-0}" },
    { "SendWellKnown", "value { number_value: 9007199254740993 }", "POST", "/well-known",
      "{\"value\":9007199254740992}" }, /* a Value holds doubles */
    { "SendWellKnown", "value { list_value { values { list_value {} } } }", "POST", "/well-known",
      "{\"value\":[[]]}" },
    { "SendWellKnown",
      "values { string_value: 'a' } values { struct_value { fields { key: 'k' value { "
      "string_value: 'v' } } } } values { null_value: NULL_VALUE } objects {}",
      "POST", "/well-known", "{\"values\":[\"a\",{\"k\":\"v\"},null],\"objects\":[{}]}" },
    { "SendWellKnown",
      "by_name { key: 'b' value { bool_value: true } } by_name { key: 'a' value { null_value: "
      "NULL_VALUE } } lists { key: 'l' }",
      "POST", "/well-known", "{\"by_name\":{\"a\":null,\"b\":true},\"lists\":{\"l\":[]}}" },
    { "SendWellKnown", "nothing: NULL_VALUE nulls: NULL_VALUE nulls: NULL_VALUE", "POST",
      "/well-known", "{\"nothing\":null,\"nulls\":[null,null]}" },
    /* Elsewhere than as a whole body it is an object like any other. */
    { "SendWellKnown", "raw { content_type: 'text/plain' data: 'x' }", "POST", "/well-known",
      "{\"raw\":{\"content_type\":\"text/plain\",\"data\":\"eA==\"}}" },
    { "SendWrapped", "", "POST", "/wrapped", "{}" },
    { "SendWrapped",
      "a_double {} a_float {} an_int64 {} a_uint64 {} an_int32 {} a_uint32 {} a_bool {} a_string "
      "{} some_bytes {} mask {}",
      "POST", "/wrapped",
      "{\"a_double\":0,\"a_float\":0,\"an_int64\":0,\"a_uint64\":0,\"an_int32\":0,"
      "\"a_uint32\":0,\"a_bool\":false,\"a_string\":\"\",\"some_bytes\":\"\",\"mask\":\"\"}" },
    { "SendWrapped",
      "a_double { value: inf } a_float { value: 0.1 } an_int64 { value: 9007199254740993 } "
      "a_uint64 { value: 18446744073709551615 } an_int32 { value: -1 } a_uint32 { value: 7 } "
      "a_bool { value: true } a_string { value: '\"' } some_bytes { value: '\\377' } numbers { "
      "value: -9223372036854775808 } numbers {} words { key: 'b' value { value: 'w' } } words { "
      "key: 'a' } mask { paths: 'user_name' paths: 'address.post_code' } masks {} masks { paths: "
      "'a' }",
      "POST", "/wrapped",
      "{\"a_double\":\"Infinity\",\"a_float\":0.1,\"an_int64\":9007199254740993,"
      "\"a_uint64\":18446744073709551615,\"an_int32\":-1,\"a_uint32\":7,\"a_bool\":true,"
      "\"a_string\":\"\\\"\",\"some_bytes\":\"/w==\",\"numbers\":[-9223372036854775808,0],"
      "\"words\":{\"a\":\"\",\"b\":\"w\"},\"mask\":\"userName,address.postCode\","
      "\"masks\":[\"\",\"a\"]}" },
    { "QueryWrapped",
      "a_double { value: 0.5 } an_int64 {} a_bool { value: true } a_string { value: 'a b' } "
      "numbers { value: 1 } numbers {} words { key: 'k' value { value: 'w' } } mask { paths: 'a' "
      "paths: 'b_c' } masks { paths: 'd' } nothing: NULL_VALUE",
      "GET",
      "/wrapped?a_double=0.5&an_int64=0&a_bool=true&a_string=a%20b&numbers=1&numbers=0&words[k]=w"
      "&mask=a%2CbC&masks=d&nothing=null",
      NULL },
    { "QueryLoose", "empty {} chain { name: 'a' next { name: 'b' next { name: 'c' } } }", "GET",
      "/loose?chain.name=a&chain.next.name=b&chain.next.next.name=c", NULL },
    /* A message that is no object as the whole body, or in the path. */
    { "SendStruct", "fields { key: 'k' value { bool_value: true } }", "POST", "/struct",
      "{\"k\":true}" },
    { "SendStruct", "", "POST", "/struct", "{}" },
    { "SendValue", "string_value: 's'", "POST", "/value", "\"s\"" },
    { "SendValue", "null_value: NULL_VALUE", "POST", "/value", "null" },
    { "SendList", "values { number_value: 1 } values { list_value {} }", "POST", "/list",
      "[1,[]]" },
    { "SendList", "", "POST", "/list", "[]" },
    { "SendNumber", "value: 9223372036854775807", "POST", "/wrapped/number",
      "9223372036854775807" },
    { "SendNumber", "", "POST", "/wrapped/number", "0" },
    { "SendMask", "paths: 'a_b' paths: 'c'", "POST", "/mask", "\"aB,c\"" },
    { "SendTime", "seconds: 1", "POST", "/time", "\"1970-01-01T00:00:01Z\"" },
    { "GetWord", "value: 'a/b'", "GET", "/words/a%2Fb", NULL },
    { "SendObject", "id: 'i' object { fields { key: 'k' value { number_value: 1 } } }", "PUT",
      "/objects/i", "{\"k\":1}" },
    { "SendObject", "id: 'i'", "PUT", "/objects/i", "{}" },
};

static void well_known_types_have_their_own_forms(void **state)
{
    assert_all(state, "shapes.v1.Shapes", well_known_examples);
}

static const struct example verb_examples[] = {
    { "PeekBook", "name: 'a' note: 'n'", "HEAD", "/books/a?note=n", NULL },
    { "PurgeBook", "name: 'a/b'", "PURGE", "/cache/a/b", NULL },
    { "ReportBooks", "name: 'a'", "REPORT", "/books", "{\"name\":\"a\"}" },
};

static void custom_verbs_go_out_as_they_are(void **state)
{
    assert_all(state, "shapes.v1.Shapes", verb_examples);
}

/* ---- bodies that are no JSON --------------------------------------------------------------- */

static void assert_raw(const struct schema *schema, const char *method, const char *text,
                       const char *target, const char *content_type, const char *body)
{
    const struct method *m = method_named(schema, method);
    SCOPED(buffer) struct buffer wire = wire_for(m, text);
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    if (!transcode_request(m, buffer_text(&wire), &out, &err))
        fail_msg("%s: %s", text, err.message);
    assert_text(buffer_text(&out.target), target);
    assert_text(buffer_text(&out.content_type), content_type);
    assert_int_equal(out.has_body, body != NULL);
    assert_text(buffer_text(&out.body), body == NULL ? "" : body);
    assert_true(out.binding->is_raw);
    transcoded_request_fini(&out);
}

static void an_http_body_goes_out_as_the_bytes_it_holds(void **state)
{
    const struct schema *s = *state;
    assert_raw(s, "shapes.v1.Shapes.SendRaw", "content_type: 'text/csv' data: 'a,b\\n\\377'",
               "/raw", "text/csv", "a,b\n\377");
    assert_raw(s, "shapes.v1.Shapes.SendRaw", "", "/raw", "", "");
    assert_raw(s, "shapes.v1.Shapes.PutRaw",
               "id: 'i' content { content_type: 'image/png' data: '\\211PNG' } note: 'n'",
               "/raw/i?note=n", "image/png", "\211PNG");
    assert_raw(s, "shapes.v1.Shapes.PutRaw", "id: 'i'", "/raw/i", "", NULL);
}

static void what_an_http_body_cannot_carry_is_refused(void **state)
{
    const struct method *whole = method_named(*state, "shapes.v1.Shapes.SendRaw");
    const struct method *field = method_named(*state, "shapes.v1.Shapes.PutRaw");
    assert_text_refused(field, "id: 'i' content { content_type: 'a\\r\\nHost: b' }", "content");
    assert_text_refused(field, "id: 'i' content { content_type: '\\000' }", "content");
    assert_text_refused(whole, "content_type: '\\303\\251'", "");
    SCOPED(buffer) struct buffer extended = wire_for(whole, "extensions { type_url: 'x' }");
    assert_refused(whole, buffer_text(&extended), ERROR_NOT_SUPPORTED, "");
    SCOPED(buffer) struct buffer wire = buffer_capped(4096);
    static char letters[1025];
    memset(letters, 'x', sizeof letters);
    put_string(&wire, 1, (struct text){ letters, sizeof letters });
    assert_refused(whole, buffer_text(&wire), ERROR_INVALID_ARGUMENT, "");
}

static const struct {
    const char *method;
    const char *text;
    const char *field;
} untranslated[] = {
    { "SendForeign", "any { type_url: 'x' }", "any" },
    { "SendForeign", "any {}", "any" },
    { "SendForeign", "anys {}", "anys[0]" },
    { "SendForeign", "by_name { key: 'k' }", "by_name[\"k\"]" },
    { "SendForeign", "by_name { key: 'k' value { type_url: 'x' } }", "by_name[\"k\"]" },
    { "SendWellKnown", "raw { extensions {} }", "raw.extensions[0]" },
    { "QueryLoose", "object {}", "object" },
    { "QueryLoose", "value { bool_value: true }", "value" },
    { "QueryLoose", "list {}", "list" },
    { "QueryLoose", "any {}", "any" },
    { "QueryLoose", "raw {}", "raw" },
};

static void a_set_field_of_a_type_without_translation_is_not_supported(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(untranslated); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", untranslated[i].method);
        const struct method *m = method_named(*state, name);
        SCOPED(buffer) struct buffer wire = wire_for(m, untranslated[i].text);
        assert_refused(m, buffer_text(&wire), ERROR_NOT_SUPPORTED, untranslated[i].field);
    }
}

static const struct {
    const char *text;
    const char *field;
} bad_values[] = {
    { "well_known { value {} }", "well_known.value" },
    { "well_known { value { number_value: nan } }", "well_known.value" },
    { "well_known { values { bool_value: true } values { number_value: -inf } }",
      "well_known.values[1]" },
    { "well_known { by_name { key: 'k' } }", "well_known.by_name[\"k\"]" },
    { "well_known { object { fields { key: 'k' value { list_value { values {} } } } } }",
      "well_known.object[\"k\"][0]" },
    { "wrapped { mask { paths: 'a' paths: '' } }", "wrapped.mask" },
    { "wrapped { mask { paths: 'fooBar' } }", "wrapped.mask" }, /* would come back as foo_bar */
    { "wrapped { mask { paths: 'a,b' } }", "wrapped.mask" },
    { "wrapped { mask { paths: 'a_1' } }", "wrapped.mask" },
    { "wrapped { mask { paths: 'a_' } }", "wrapped.mask" },
    { "wrapped { mask { paths: 'a__b' } }", "wrapped.mask" },

    { "times { at { seconds: 253402300800 } }", "times.at" },
    { "times { at { seconds: -62135596801 } }", "times.at" },
    { "times { at { nanos: -1 } }", "times.at" },
    { "times { at { nanos: 1000000000 } }", "times.at" },
    { "times { plain { seconds: 315576000001 } }", "times.plain" },
    { "times { plain { seconds: 1 nanos: -1 } }", "times.plain" },
    { "times { plain { seconds: -1 nanos: 1 } }", "times.plain" },
    { "times { plain { nanos: 1000000000 } }", "times.plain" },
    { "times { go { seconds: 9223372037 } }", "times.go" }, /* beyond 63 bits of nanoseconds */
    { "lists { times {} times { nanos: -1 } }", "lists.times[1]" },
    /* In a list or a map nothing can be left out, so a value without a word has no form. */
    { "lists { colors: COLOR_RED colors: COLOR_UNSPECIFIED }", "lists.colors[1]" },
    { "maps { colors { key: 'k' } }", "maps.colors[\"k\"]" },
};

static void values_without_a_form_are_refused_naming_the_field(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.SendEverything");
    for (size_t i = 0; i < ARRAY_LEN(bad_values); i++)
        assert_text_refused(m, bad_values[i].text, bad_values[i].field);
    assert_text_refused(method_named(*state, "shapes.v1.Shapes.QueryLists"),
                        "colors: COLOR_UNSPECIFIED", "colors");
    assert_text_refused(method_named(*state, "shapes.v1.Shapes.QueryMaps"), "colors { key: 'k' }",
                        "colors");
}

/* ---- what the wire may do ----------------------------------------------------------------- */

/* The pieces, one after the other, as an encoder may send them. */
static struct buffer pieces(const struct method *m, const char *const *texts)
{
    struct buffer all = buffer_capped(1 << 16);
    for (; *texts != NULL; texts++) {
        SCOPED(buffer) struct buffer piece = wire_for(m, *texts);
        assert_true(buffer_append_text(&all, buffer_text(&piece)));
    }
    return all;
}

static const struct {
    const char *method;
    const char *pieces[5];
    const char *target;
    const char *body;
} merges[] = {
    /* In any order; written in the order of the .proto. */
    { "PutBook",
      { "note: 'n'", "book { name: 'b' }", NULL },
      "/books/b",
      "{\"book\":{},\"note\":\"n\"}" },
    /* A scalar's last occurrence wins, zero included. */
    { "QueryScalars", { "an_int32: 1", "an_int32: 2", NULL }, "/scalars?an_int32=2", NULL },
    { "QueryScalars",
      { "a_string: 'a'", "a_string: 'b' an_int32: 7", NULL },
      "/scalars?an_int32=7&a_string=b",
      NULL },
    { "QueryOptionals", { "an_int32: 1", "an_int32: 0", NULL }, "/optionals?an_int32=0", NULL },
    /* A singular message in pieces is merged, at every depth. */
    { "PutBook",
      { "book { name: 'b' title: 'x' }", "book { pages: 3 }", "book { title: 'y' }", NULL },
      "/books/b",
      "{\"book\":{\"title\":\"y\",\"pages\":3}}" },
    { "GetBook",
      { "book { name: 'nope' }", "book { name: 'shelves/1/books/2' }", NULL },
      "/v1/shelves/1/books/2",
      NULL },
    { "QueryNested",
      { "inner { innermost { flag: true } numbers: 1 }", "id: 'i'",
        "inner { innermost { color: COLOR_RED } numbers: 2 }", NULL },
      "/nested/i?inner.innermost.flag=true&inner.innermost.color=red&inner.numbers=1"
      "&inner.numbers=2",
      NULL },
    { "QueryTimes",
      { "at { seconds: 5 nanos: 7 }", "at { seconds: 9 }", NULL },
      "/times?at=1970-01-01T00%3A00%3A09.000000007Z",
      NULL },
    /* Elements of a list follow each other. */
    { "QueryLists",
      { "int32s: 1 strings: 'a'", "strings: 'b'", "int32s: 2", NULL },
      "/lists?int32s=1&int32s=2&strings=a&strings=b",
      NULL },
    /* Of a oneof the member that came last stands; the same one again merges. */
    { "SendChoice", { "text: 'a'", "number: 1", NULL }, "/choice", "{\"number\":1}" },
    { "SendChoice",
      { "number: 1", "text: 'a'", "left: 'l'", NULL },
      "/choice",
      "{\"text\":\"a\",\"left\":\"l\"}" },
    { "SendChoice",
      { "node { name: 'a' }", "node { next {} }", NULL },
      "/choice",
      "{\"node\":{\"name\":\"a\",\"next\":{}}}" },
    { "SendChoice",
      { "node { name: 'a' }", "text: 't'", "node { next {} }", NULL },
      "/choice",
      "{\"node\":{\"next\":{}}}" },
    /* Of a map's equal keys the last one wins. */
    { "QueryMaps",
      { "by_string { key: 'a' value: '1' } by_string { key: 'b' value: '2' }",
        "by_string { key: 'a' value: '3' }", NULL },
      "/maps?by_string[a]=3&by_string[b]=2",
      NULL },
    { "QueryMaps",
      { "by_int32 { key: 1 value: 'a' }", "by_int32 { key: 1 }", "by_int32 { value: 'z' }", NULL },
      "/maps?by_int32[0]=z&by_int32[1]=",
      NULL },
};

static void split_and_repeated_fields_merge_as_protobuf_says(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", merges[i].method);
        const struct method *m = method_named(*state, name);
        SCOPED(buffer) struct buffer wire = pieces(m, merges[i].pieces);
        assert_translated(m, buffer_text(&wire), m->bindings[0].verb_name, merges[i].target,
                          merges[i].body);

        /* protoc reads the pieces the same way: encoded again they give the same request. */
        char message[128];
        (void)snprintf(message, sizeof message, TEXT_FMT, TEXT_ARGS(m->request->full_name));
        SCOPED(buffer) struct buffer text = text_of_wire(message, buffer_text(&wire));
        assert_true(buffer_append_byte(&text, '\0'));
        SCOPED(buffer) struct buffer whole = wire_of(message, text.data);
        assert_translated(m, buffer_text(&whole), m->bindings[0].verb_name, merges[i].target,
                          merges[i].body);
    }
}

#define BYTES(literal) ((struct text){ (literal), sizeof(literal) - 1 })

static void repeated_numbers_come_packed_or_one_by_one_or_both(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.QueryLists");
    /* int32s = 5 and unpacked = 18, each the other way round from what protoc writes, then both. */
    assert_translated(m, BYTES("\x28\x01\x28\x02"), "GET", "/lists?int32s=1&int32s=2", NULL);
    assert_translated(m, BYTES("\x92\x01\x02\x01\x02"), "GET", "/lists?unpacked=1&unpacked=2",
                      NULL);
    assert_translated(m, BYTES("\x28\x01\x2a\x02\x02\x03\x28\x04"), "GET",
                      "/lists?int32s=1&int32s=2&int32s=3&int32s=4", NULL);
    /* A packed field without elements is no field. */
    assert_translated(m, BYTES("\x2a\x00"), "GET", "/lists", NULL);
    const struct method *all = method_named(*state, "shapes.v1.Shapes.SendEverything");
    assert_translated(all, BYTES("\x1a\x02\x2a\x00"), "POST", "/everything", "{\"lists\":{}}");
    assert_translated(all, BYTES("\x1a\x06\x2a\x00\x2a\x00\x28\x05"), "POST", "/everything",
                      "{\"lists\":{\"int32s\":[5]}}");
}

static void packed_values_that_are_cut_off_are_refused_naming_the_field(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.QueryLists");
    assert_refused(m, BYTES("\x2a\x02\x01\x80"), ERROR_INVALID_ARGUMENT, "int32s"); /* varint  */
    assert_refused(m, BYTES("\x3a\x03\x01\x02\x03"), ERROR_INVALID_ARGUMENT, "fixed32s");
    assert_refused(m, BYTES("\x0a\x07\x01\x02\x03\x04\x05\x06\x07"), ERROR_INVALID_ARGUMENT,
                   "doubles");
}

static void numbers_wider_than_their_field_lose_the_upper_bits(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.QueryScalars");
    assert_translated(m, BYTES("\x28\xff\xff\xff\xff\x0f"), "GET", "/scalars?an_int32=-1", NULL);
    assert_translated(m, BYTES("\x28\x81\x80\x80\x80\x10"), "GET", "/scalars?an_int32=1", NULL);
    /* What is left is zero, which is not sent. */
    assert_translated(m, BYTES("\x28\x80\x80\x80\x80\x10"), "GET", "/scalars", NULL);
    assert_translated(m, BYTES("\x60\x80\x80\x80\x80\x10"), "GET", "/scalars", NULL);
    assert_translated(m, BYTES("\x40\x80\x80\x80\x80\x10"), "GET", "/scalars?a_bool=true", NULL);
}

static void unknown_fields_are_skipped(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.GetOne");
    static const char unknown[] = "\xf8\x07\x01" /* 127: varint             */
                                  "\xf9\x07\1\2\3\4\5\6\7\x08"
                                  "\xfa\x07\x03"
                                  "abc"
                                  "\xfd\x07\1\2\3\4"
                                  "\xfb\x07\x08\x01\xfc\x07" /* a group              */
                                  "\x08\x05"                 /* name as a varint     */
                                  "\x1d\1\2\3\4";            /* note as fixed32      */
    SCOPED(buffer) struct buffer wire = buffer_capped(256);
    buffer_append(&wire, unknown, sizeof unknown - 1);
    put_string(&wire, 1, TEXT("x"));
    buffer_append(&wire, unknown, sizeof unknown - 1);
    assert_translated(m, buffer_text(&wire), "GET", "/one/x", NULL);
}

static void malformed_bytes_are_refused_naming_the_message_they_stand_in(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.QueryNested");
    assert_refused(m, BYTES("\x0a\x05x"), ERROR_INVALID_ARGUMENT, "");
    assert_refused(m, BYTES("\x0a\x01i\x12\x02\x0a\x05"), ERROR_INVALID_ARGUMENT, "inner");
    assert_refused(m, BYTES("\x0a\x01i\x12\x04\x12\x02\x08\x80"), ERROR_INVALID_ARGUMENT,
                   "inner.innermost");
    assert_refused(m, BYTES("\x0a\x01i\x1a\x02\x08\x80"), ERROR_INVALID_ARGUMENT, "since");
}

static void a_request_cut_off_at_any_byte_is_refused_or_whole(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.SendEverything");
    SCOPED(buffer)
    struct buffer wire = wire_of(
        "shapes.v1.Everything",
        "scalars { a_double: 1 an_int64: -1 a_string: 'abc' } lists { int32s: 1 int32s: 300 "
        "strings: 'x' times { seconds: 1 } } maps { by_string { key: 'k' value: 'v' } } "
        "atlas { nodes { key: 'n' value { name: 'x' } } } node { next { next {} } }");
    for (size_t len = 0; len < wire.len; len++) {
        struct transcoded_request out = { 0 };
        struct error err = { 0 };
        if (!transcode_request(m, (struct text){ wire.data, len }, &out, &err))
            assert_error_code(err, ERROR_INVALID_ARGUMENT);
        transcoded_request_fini(&out);
    }
}

static const char *const broken_utf8[] = {
    "\xff", "a\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"
};

static void invalid_utf8_is_refused_naming_the_field_wherever_it_stands(void **state)
{
    const struct schema *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(broken_utf8); i++) {
        struct text bad = text_of(broken_utf8[i]);
        SCOPED(buffer) struct buffer path = buffer_capped(64);
        put_string(&path, 1, bad);
        assert_refused(method_named(s, "shapes.v1.Shapes.GetOne"), buffer_text(&path),
                       ERROR_INVALID_ARGUMENT, "name");

        SCOPED(buffer) struct buffer query = buffer_capped(64);
        put_string(&query, 1, TEXT("x"));
        put_string(&query, 4, bad);
        assert_refused(method_named(s, "shapes.v1.Shapes.GetOne"), buffer_text(&query),
                       ERROR_INVALID_ARGUMENT, "tags");

        SCOPED(buffer) struct buffer entry = buffer_capped(64);
        put_string(&entry, 1, bad);
        SCOPED(buffer) struct buffer maps = buffer_capped(64);
        put_string(&maps, 12, buffer_text(&entry));
        assert_refused(method_named(s, "shapes.v1.Shapes.QueryMaps"), buffer_text(&maps),
                       ERROR_INVALID_ARGUMENT, "by_string");

        SCOPED(buffer) struct buffer everything = buffer_capped(64);
        put_string(&everything, 4, buffer_text(&maps));
        assert_refused(method_named(s, "shapes.v1.Shapes.SendEverything"), buffer_text(&everything),
                       ERROR_INVALID_ARGUMENT, "maps.by_string");
    }
}

static void a_nul_inside_a_string_is_kept(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.PublishBook");
    SCOPED(buffer) struct buffer wire = buffer_capped(64);
    put_string(&wire, 1, (struct text){ "shelves/a\0b", 11 });
    put_string(&wire, 3, (struct text){ "\0", 1 });
    assert_translated(m, buffer_text(&wire), "POST", "/v1/shelves/a%00b:publish",
                      "{\"note\":\"\\u0000\"}");
}

/* ---- limits ------------------------------------------------------------------------------- */

/* A Node inside a Node ... `depth` messages in all. */
static struct buffer nested_nodes(size_t depth)
{
    struct buffer b = buffer_capped(1 << 20);
    for (size_t i = 1; i < depth; i++) {
        SCOPED(buffer) struct buffer inner = buffer_take(&b);
        put_string(&b, 2, buffer_text(&inner));
    }
    return b;
}

static void messages_nest_64_deep_and_no_deeper(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.SendNode");
    SCOPED(buffer) struct buffer fits = nested_nodes(64);
    SCOPED(buffer) struct buffer deeper = nested_nodes(65);
    SCOPED(buffer) struct buffer absurd = nested_nodes(10000);
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    assert_true(transcode_request(m, buffer_text(&fits), &out, &err));
    transcoded_request_fini(&out);
    assert_error_code(refusal(m, buffer_text(&deeper)), ERROR_INVALID_ARGUMENT);
    assert_error_code(refusal(m, buffer_text(&absurd)), ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(refusal(m, buffer_text(&absurd)).message, "nested deeper than 64"));
}

enum { FOUR_MIB = 4 << 20, SLOWEST_MS = 5000 /* of CPU, under sanitizers */ };

static struct buffer repeated_bytes(const char *pattern, size_t len)
{
    struct buffer b = buffer_capped(FOUR_MIB);
    while (FOUR_MIB - b.len >= len)
        assert_true(buffer_append(&b, pattern, len));
    return b;
}

static void four_mib_of_the_smallest_fields_cost_little_time_and_memory(void **state)
{
    static const struct {
        const char *method;
        const char *pattern;
        enum error_code code;
    } floods[] = {
        { "SendNode", "\x1a\x00", ERROR_RESOURCE_EXHAUSTED },   /* empty children          */
        { "SendNode", "\x12\x00", ERROR_RESOURCE_EXHAUSTED },   /* a message in pieces     */
        { "SendNode", "\x22\x00", ERROR_RESOURCE_EXHAUSTED },   /* map entries             */
        { "SendNode", "\x0a\x00", ERROR_RESOURCE_EXHAUSTED },   /* a string over and over  */
        { "SendNode", "\x78\x01", ERROR_NONE },                 /* unknown fields          */
        { "SendNode", "\x7b\x7c", ERROR_NONE },                 /* unknown groups          */
        { "SendNode", "\x7b\x7b", ERROR_INVALID_ARGUMENT },     /* groups in groups        */
        { "QueryLists", "\x28\x01", ERROR_RESOURCE_EXHAUSTED }, /* numbers one by one      */
        { "QueryMaps", "\x62\x00", ERROR_RESOURCE_EXHAUSTED },  /* map entries             */
    };
    for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", floods[i].method);
        const struct method *m = method_named(*state, name);
        SCOPED(buffer) struct buffer wire = repeated_bytes(floods[i].pattern, 2);
        struct transcoded_request out = { 0 };
        struct error err = { 0 };
        clock_t before = clock();
        bool ok = transcode_request(m, buffer_text(&wire), &out, &err);
        assert_true((clock() - before) / (CLOCKS_PER_SEC / 1000) < SLOWEST_MS);
        assert_true(ok == (floods[i].code == ERROR_NONE));
        assert_error_code(err, floods[i].code);
        assert_true(out.body.capacity <= TRANSCODED_BODY_MAX);
        transcoded_request_fini(&out);
    }
}

static void half_a_million_elements_are_still_fine(void **state)
{
    const struct method *m = method_named(*state, "shapes.v1.Shapes.SendNode");
    SCOPED(buffer) struct buffer wire = buffer_capped(FOUR_MIB);
    for (int i = 0; i < 500000; i++)
        buffer_append(&wire, "\x1a\x00", 2);
    struct transcoded_request out = { 0 };
    struct error err = { 0 };
    assert_true(transcode_request(m, buffer_text(&wire), &out, &err));
    assert_int_equal(out.body.len, strlen("{\"children\":[]}") + 3 * 500000 - 1);
    transcoded_request_fini(&out);
}

static void a_body_above_its_ceiling_is_refused(void **state)
{
    /* Control characters take six bytes of JSON each. */
    const struct method *m = method_named(*state, "shapes.v1.Shapes.SendNode");
    SCOPED(buffer) struct buffer name = buffer_capped(FOUR_MIB * 2);
    while (name.len < 6 << 20)
        assert_true(buffer_append(&name, "\1\1\1\1\1\1\1\1", 8));
    SCOPED(buffer) struct buffer wire = buffer_capped(FOUR_MIB * 2);
    put_string(&wire, 1, buffer_text(&name));
    assert_error_code(refusal(m, buffer_text(&wire)), ERROR_RESOURCE_EXHAUSTED);
}

static void json_of_a_message_alone_has_the_callers_ceiling(void **state)
{
    const struct message *node = message_named(*state, "shapes.v1.Node");
    SCOPED(buffer) struct buffer wire = wire_of("shapes.v1.Node", "name: 'abc'");
    SCOPED(buffer) struct buffer exact = buffer_capped(14);
    SCOPED(buffer) struct buffer small = buffer_capped(13);
    struct error err = { 0 };
    assert_true(json_from_wire(node, buffer_text(&wire), &exact, &err));
    assert_text(buffer_text(&exact), "{\"name\":\"abc\"}");
    assert_false(json_from_wire(node, buffer_text(&wire), &small, &err));
    assert_error_code(err, ERROR_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest hypeman[] = {
        cmocka_unit_test(hypeman_requests_become_what_its_api_expects),
    };
    const struct CMUnitTest shapes[] = {
        cmocka_unit_test(path_variables_are_written_by_http_proto),
        cmocka_unit_test(path_values_that_would_change_the_path_are_refused_naming_the_field),
        cmocka_unit_test(every_byte_survives_the_path_and_the_query),
        cmocka_unit_test(a_path_or_query_above_its_ceiling_is_refused),
        cmocka_unit_test(the_first_rule_whose_path_fits_is_taken),
        cmocka_unit_test(when_no_rule_fits_the_first_ones_complaint_is_the_answer),
        cmocka_unit_test(a_path_too_long_for_its_rule_does_not_take_another),
        cmocka_unit_test(every_kind_of_field_has_its_form_in_a_query),
        cmocka_unit_test(bodies_hold_what_is_set_and_nothing_the_path_took),
        cmocka_unit_test(well_known_types_have_their_own_forms),
        cmocka_unit_test(custom_verbs_go_out_as_they_are),
        cmocka_unit_test(an_http_body_goes_out_as_the_bytes_it_holds),
        cmocka_unit_test(what_an_http_body_cannot_carry_is_refused),
        cmocka_unit_test(a_set_field_of_a_type_without_translation_is_not_supported),
        cmocka_unit_test(values_without_a_form_are_refused_naming_the_field),
        cmocka_unit_test(split_and_repeated_fields_merge_as_protobuf_says),
        cmocka_unit_test(repeated_numbers_come_packed_or_one_by_one_or_both),
        cmocka_unit_test(packed_values_that_are_cut_off_are_refused_naming_the_field),
        cmocka_unit_test(numbers_wider_than_their_field_lose_the_upper_bits),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(malformed_bytes_are_refused_naming_the_message_they_stand_in),
        cmocka_unit_test(a_request_cut_off_at_any_byte_is_refused_or_whole),
        cmocka_unit_test(invalid_utf8_is_refused_naming_the_field_wherever_it_stands),
        cmocka_unit_test(a_nul_inside_a_string_is_kept),
        cmocka_unit_test(messages_nest_64_deep_and_no_deeper),
        cmocka_unit_test(four_mib_of_the_smallest_fields_cost_little_time_and_memory),
        cmocka_unit_test(half_a_million_elements_are_still_fine),
        cmocka_unit_test(a_body_above_its_ceiling_is_refused),
        cmocka_unit_test(json_of_a_message_alone_has_the_callers_ceiling),
    };
    int failed = cmocka_run_group_tests_name("gateway/transcode/request: hypeman", hypeman,
                                             given_hypeman, forget_schema);
    return failed + cmocka_run_group_tests_name("gateway/transcode/request: shapes", shapes,
                                                given_shapes, forget_schema);
}
