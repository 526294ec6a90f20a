/* `--descriptor-set` with an API that has nothing to do with us: each way of google.api.http to
 * place a field, each kind of value. What goes out is compared to the byte, and what an echoing
 * server sends back must be the message that was sent. protoc encodes and decodes the messages. */
#include "tests/unit/gateway/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/gateway_rig.h"

/* ---- Orders -------------------------------------------------------------------------------- */

/* A message in protobuf's text form and the JSON a server has for it. */
struct order {
    const char *text;
    const char *json;
};

static const struct order plain = {
    "name: 'plain' crate { label: 'hello' count: -1 offset: -2 shelf: -3 row: 4 stamp: 5 weight: "
    "-6 "
    "balance: -7 origin: -8 serial: 9 seal: 10 volume: -11.25 ratio: 3.5 fragile: true mark: "
    "'\\000\\377' material: WOOD box { label: 'inner' height: 1.5 width: -0.25 sealed: true side: "
    "RIGHT slip { text: 'deep' value: 1e300 signed: true } note: '' other_side: LEFT } note: 'n' "
    "spare: 12 price: 9.99 open: true lining: STEEL padding { label: 'foam' } tags: 'a' tags: '' "
    "readings: -1 readings: 0 labels { key: 'k' value: 'v' } company: 7 } is_checked: true "
    "priority: 3",
    "{\"name\":\"plain\",\"crate\":{\"label\":\"hello\",\"count\":-1,\"offset\":-2,\"shelf\":-3,"
    "\"row\":4,\"stamp\":5,\"weight\":-6,\"balance\":-7,\"origin\":-8,\"serial\":9,\"seal\":10,"
    "\"volume\":-11.25,\"ratio\":3.5,\"fragile\":true,\"mark\":\"AP8=\",\"material\":\"WOOD\","
    "\"box\":{\"label\":\"inner\",\"height\":1.5,\"width\":-0.25,\"sealed\":true,\"side\":"
    "\"RIGHT\","
    "\"slip\":{\"text\":\"deep\",\"value\":1e+300,\"signed\":true},\"note\":\"\",\"other_side\":"
    "\"LEFT\"},\"note\":\"n\",\"spare\":12,\"price\":9.99,\"open\":true,\"lining\":\"STEEL\","
    "\"padding\":{\"label\":\"foam\"},\"tags\":[\"a\",\"\"],\"readings\":[-1,0],\"labels\":{\"k\":"
    "\"v\"},\"company\":7},\"is_checked\":true,\"priority\":3}"
};

/* Nothing optional. */
static const struct order bare = {
    "name: 'bare' crate { label: 'x' box { label: 'y' } }",
    "{\"name\":\"bare\",\"crate\":{\"label\":\"x\",\"box\":{\"label\":\"y\"}}}",
};

/* Zeros: absent without presence, sent with it. */
static const struct order zeros = {
    "name: 'zeros' crate { label: 'z' box {} note: '' spare: 0 price: 0 open: false lining: "
    "MATERIAL_UNSPECIFIED padding {} person: '' } priority: 0",
    "{\"name\":\"zeros\",\"crate\":{\"label\":\"z\",\"box\":{},\"note\":\"\",\"spare\":0,\"price\":"
    "0,\"open\":false,\"lining\":\"MATERIAL_UNSPECIFIED\",\"padding\":{},\"person\":\"\"},"
    "\"priority\":0}",
};

static const struct order largest = {
    "name: 'largest' crate { label: 'l' count: 2147483647 offset: 2147483647 shelf: 2147483647 "
    "row: "
    "4294967295 stamp: 4294967295 weight: 9223372036854775807 balance: 9223372036854775807 origin: "
    "9223372036854775807 serial: 18446744073709551615 seal: 18446744073709551615 volume: "
    "1.7976931348623157e308 ratio: 3.4028235e38 } priority: 9007199254740993",
    "{\"name\":\"largest\",\"crate\":{\"label\":\"l\",\"count\":2147483647,\"offset\":2147483647,"
    "\"shelf\":2147483647,\"row\":4294967295,\"stamp\":4294967295,\"weight\":9223372036854775807,"
    "\"balance\":9223372036854775807,\"origin\":9223372036854775807,\"serial\":"
    "18446744073709551615,\"seal\":18446744073709551615,\"volume\":1.7976931348623157e+308,"
    "\"ratio\":3.4028235e+38},\"priority\":9007199254740993}",
};

static const struct order smallest = {
    "name: 'smallest' crate { label: 's' count: -2147483648 offset: -2147483648 shelf: -2147483648 "
    "weight: -9223372036854775808 balance: -9223372036854775808 origin: -9223372036854775808 "
    "volume: 2.2250738585072014e-308 ratio: 1.1754944e-38 price: -1.7976931348623157e308 } "
    "priority: -9223372036854775808",
    "{\"name\":\"smallest\",\"crate\":{\"label\":\"s\",\"count\":-2147483648,\"offset\":-"
    "2147483648,"
    "\"shelf\":-2147483648,\"weight\":-9223372036854775808,\"balance\":-9223372036854775808,"
    "\"origin\":-9223372036854775808,\"volume\":2.2250738585072014e-308,\"ratio\":1.1754944e-38,"
    "\"price\":-1.7976931348623157e+308},\"priority\":-9223372036854775808}",
};

/* Blanks, quotes, percents, what URLs reserve, other scripts. */
static const struct order spaces = {
    "name: ' a b ' crate { label: '  ' note: ' ' }",
    "{\"name\":\" a b \",\"crate\":{\"label\":\"  \",\"note\":\" \"}}",
};
static const struct order quotes = {
    "name: '\"q\"' crate { label: '\\'`\\\\' note: '\"' }",
    "{\"name\":\"\\\"q\\\"\",\"crate\":{\"label\":\"'`\\\\\",\"note\":\"\\\"\"}}",
};
static const struct order percents = {
    "name: '%20' crate { label: '%' note: '100%25' }",
    "{\"name\":\"%20\",\"crate\":{\"label\":\"%\",\"note\":\"100%25\"}}",
};
static const struct order reserved = {
    "name: ':/?#[]@' crate { label: '!$&()*+,;=' note: '/../' }",
    "{\"name\":\":/?#[]@\",\"crate\":{\"label\":\"!$&()*+,;=\",\"note\":\"/../\"}}",
};
static const struct order scripts = {
    "name: '\\303\\251' crate { label: '\\347\\246\\217' note: '\\360\\237\\230\\200' }",
    "{\"name\":\"\303\251\",\"crate\":{\"label\":\"\347\246\217\",\"note\":\"\360\237\230\200\"}}",
};

/* For the templates with several segments. */
static const struct order resource = {
    "name: 'r' crate { label: 'first/a b' box { label: 'second/c%d' } fragile: true }",
    "{\"name\":\"r\",\"crate\":{\"label\":\"first/a b\",\"box\":{\"label\":\"second/c%d\"},"
    "\"fragile\":true}}",
};
static const struct order swapped = {
    "name: 's' crate { label: 'second/a' box { label: 'first/b' } }",
    "{\"name\":\"s\",\"crate\":{\"label\":\"second/a\",\"box\":{\"label\":\"first/b\"}}}",
};
static const struct order trail = {
    "name: 't' crate { label: 'first/x' box { label: 'second/y/z?' sealed: true } }",
    "{\"name\":\"t\",\"crate\":{\"label\":\"first/x\",\"box\":{\"label\":\"second/y/"
    "z?\",\"sealed\":"
    "true}}}",
};
static const struct order third = {
    "name: 'u' crate { label: 'third/1/2' count: 3 }",
    "{\"name\":\"u\",\"crate\":{\"label\":\"third/1/2\",\"count\":3}}",
};

/* ---- What goes out ------------------------------------------------------------------------- */

#define PLAIN_QUERY                                                                                \
    "crate.offset=-2&crate.shelf=-3&crate.row=4&crate.stamp=5&crate.weight=-6&crate.balance=-7"    \
    "&crate.origin=-8&crate.serial=9&crate.seal=10"
#define PLAIN_TAIL                                                                                 \
    "&crate.box.label=inner&crate.box.height=1.5&crate.box.width=-0.25&crate.box.sealed=true"      \
    "&crate.box.side=RIGHT&crate.box.slip.text=deep&crate.box.slip.value=1e%2B300"                 \
    "&crate.box.slip.signed=true&crate.box.note=&crate.box.other_side=LEFT&crate.note=n"           \
    "&crate.spare=12&crate.price=9.99&crate.open=true&crate.lining=STEEL&crate.padding.label=foam" \
    "&crate.tags=a&crate.tags=&crate.readings=-1&crate.readings=0&crate.labels[k]=v"               \
    "&crate.company=7&is_checked=true&priority=3"

static const struct {
    const char *method;
    const struct order *order;
    const char *line; /* the request's, without HTTP/1.1 */
    const char *body; /* NULL: the order's whole JSON    */
} cases[] = {
    /* body: "*" */
    { "StoreOrder", &plain, "POST /v1/crates:order", NULL },
    { "StoreOrder", &bare, "POST /v1/crates:order", NULL },
    { "StoreOrder", &zeros, "POST /v1/crates:order", NULL },
    { "StoreOrder", &largest, "POST /v1/crates:order", NULL },
    { "StoreOrder", &smallest, "POST /v1/crates:order", NULL },
    { "StoreOrder", &spaces, "POST /v1/crates:order", NULL },
    { "StoreOrder", &quotes, "POST /v1/crates:order", NULL },
    { "StoreOrder", &percents, "POST /v1/crates:order", NULL },
    { "StoreOrder", &reserved, "POST /v1/crates:order", NULL },
    { "StoreOrder", &scripts, "POST /v1/crates:order", NULL },
    /* ... without what the path took */
    { "PatchOrder", &bare, "PATCH /v1/orders/bare",
      "{\"crate\":{\"label\":\"x\",\"box\":{\"label\":\"y\"}}}" },
    { "PatchOrder", &zeros, "PATCH /v1/orders/zeros",
      "{\"crate\":{\"label\":\"z\",\"box\":{},\"note\":\"\",\"spare\":0,\"price\":0,\"open\":false,"
      "\"lining\":\"MATERIAL_UNSPECIFIED\",\"padding\":{},\"person\":\"\"},\"priority\":0}" },
    { "PatchOrder", &reserved, "PATCH /v1/orders/%3A%2F%3F%23%5B%5D%40",
      "{\"crate\":{\"label\":\"!$&()*+,;=\",\"note\":\"/../\"}}" },
    /* body: a field; the rest in the query */
    { "StoreCrate", &bare, "POST /v1/crates:crate?name=bare",
      "{\"label\":\"x\",\"box\":{\"label\":\"y\"}}" },
    { "StoreCrate", &zeros, "POST /v1/crates:crate?name=zeros&priority=0",
      "{\"label\":\"z\",\"box\":{},\"note\":\"\",\"spare\":0,\"price\":0,\"open\":false,\"lining\":"
      "\"MATERIAL_UNSPECIFIED\",\"padding\":{},\"person\":\"\"}" },
    { "StoreCrate", &quotes, "POST /v1/crates:crate?name=%22q%22",
      "{\"label\":\"'`\\\\\",\"note\":\"\\\"\"}" },
    { "StoreCrate", &scripts, "POST /v1/crates:crate?name=%C3%A9",
      "{\"label\":\"\347\246\217\",\"note\":\"\360\237\230\200\"}" },
    /* no body: everything in the query */
    { "FindCrate", &plain,
      "GET /v1/crates:find?name=plain&crate.label=hello&crate.count=-1&" PLAIN_QUERY
      "&crate.volume=-11.25&crate.ratio=3.5&crate.fragile=true&crate.mark=AP8%3D"
      "&crate.material=WOOD" PLAIN_TAIL,
      "" },
    { "FindCrate", &bare, "GET /v1/crates:find?name=bare&crate.label=x&crate.box.label=y", "" },
    { "FindCrate", &largest,
      "GET /v1/crates:find?name=largest&crate.label=l&crate.count=2147483647"
      "&crate.offset=2147483647&crate.shelf=2147483647&crate.row=4294967295"
      "&crate.stamp=4294967295&crate.weight=9223372036854775807"
      "&crate.balance=9223372036854775807&crate.origin=9223372036854775807"
      "&crate.serial=18446744073709551615&crate.seal=18446744073709551615"
      "&crate.volume=1.7976931348623157e%2B308&crate.ratio=3.4028235e%2B38"
      "&priority=9007199254740993",
      "" },
    { "FindCrate", &smallest,
      "GET /v1/crates:find?name=smallest&crate.label=s&crate.count=-2147483648"
      "&crate.offset=-2147483648&crate.shelf=-2147483648&crate.weight=-9223372036854775808"
      "&crate.balance=-9223372036854775808&crate.origin=-9223372036854775808"
      "&crate.volume=2.2250738585072014e-308&crate.ratio=1.1754944e-38"
      "&crate.price=-1.7976931348623157e%2B308&priority=-9223372036854775808",
      "" },
    { "FindCrate", &spaces,
      "GET /v1/crates:find?name=%20a%20b%20&crate.label=%20%20&crate.note=%20", "" },
    { "FindCrate", &quotes, "GET /v1/crates:find?name=%22q%22&crate.label=%27%60%5C&crate.note=%22",
      "" },
    { "FindCrate", &percents, "GET /v1/crates:find?name=%2520&crate.label=%25&crate.note=100%2525",
      "" },
    { "FindCrate", &reserved,
      "GET /v1/crates:find?name=%3A%2F%3F%23%5B%5D%40"
      "&crate.label=%21%24%26%28%29%2A%2B%2C%3B%3D&crate.note=%2F..%2F",
      "" },
    { "FindCrate", &scripts,
      "GET /v1/crates:find?name=%C3%A9&crate.label=%E7%A6%8F&crate.note=%F0%9F%98%80", "" },
    /* single values in the path */
    { "GetByPath", &plain,
      "GET /v1/crates/hello/-1/-11.25/true/WOOD:path?name=plain&" PLAIN_QUERY
      "&crate.ratio=3.5&crate.mark=AP8%3D" PLAIN_TAIL,
      "" },
    { "GetByPath", &bare,
      "GET /v1/crates/x/0/0/false/MATERIAL_UNSPECIFIED:path?name=bare&crate.box.label=y", "" },
    { "GetByPath", &spaces,
      "GET /v1/crates/%20%20/0/0/false/MATERIAL_UNSPECIFIED:path?name=%20a%20b%20&crate.note=%20",
      "" },
    { "GetByPath", &percents,
      "GET /v1/crates/%25/0/0/false/MATERIAL_UNSPECIFIED:path?name=%2520&crate.note=100%2525", "" },
    { "GetByPath", &reserved,
      "GET /v1/crates/%21%24%26%28%29%2A%2B%2C%3B%3D/0/0/false/MATERIAL_UNSPECIFIED:path"
      "?name=%3A%2F%3F%23%5B%5D%40&crate.note=%2F..%2F",
      "" },
    /* values of several segments, and the first rule they fit */
    { "GetByResource", &resource, "GET /v1/first/a%20b/second/c%25d/bool/true:resource?name=r",
      "" },
    { "GetByResource", &swapped, "GET /v1/first/b/second/a/bool/false:swapped?name=s", "" },
    { "GetByResource", &third, "POST /v1/third/1/2?name=u", "{\"count\":3}" },
    { "GetByTrail", &trail, "GET /v1/first/x/second/y/z%3F:trail?name=t&crate.box.sealed=true",
      "" },
    { "GetByTrail", &resource, "GET /v1/first/a%20b/second/c%25d:trail?name=r&crate.fragile=true",
      "" },
};

/* ---- The tests ----------------------------------------------------------------------------- */

static int start_rig(void **state)
{
    const char *flags[] = { "--descriptor-set", DEPOT_SET, NULL };
    *state = gateway_rig_start(flags);
    return 0;
}

static int stop_rig(void **state)
{
    gateway_rig_stop(*state);
    return 0;
}

static struct text request_line(struct fake_request request)
{
    struct text bytes = request.bytes;
    struct text line = text_split(&bytes, '\r');
    const struct text version = TEXT(" HTTP/1.1");
    assert_true(line.len > version.len);
    line.len -= version.len;
    assert_memory_equal(line.data + line.len, version.data, version.len);
    return line;
}

/* Both say the same, whatever the order of fields and entries. */
static void assert_same_message(const char *message, struct text wire, const char *expected)
{
    SCOPED(buffer) struct buffer wanted = wire_of(message, expected);
    SCOPED(buffer) struct buffer theirs = text_of_wire(message, buffer_text(&wanted));
    SCOPED(buffer) struct buffer ours = text_of_wire(message, wire);
    if (!text_equal(buffer_text(&theirs), buffer_text(&ours)))
        fail_msg("got\n" TEXT_FMT "instead of\n" TEXT_FMT, TEXT_ARGS(buffer_text(&ours)),
                 TEXT_ARGS(buffer_text(&theirs)));
}

/* Sends the message, checks what went out and what came back of the echo. */
static void exchange(struct gateway_rig *rig, const char *method, const char *type,
                     const char *text, const char *line, const char *body, const char *echo,
                     const char *reply_type, const char *reply_text)
{
    SCOPED(buffer) struct buffer wire = wire_of(type, text);
    const size_t before = fake_upstream_request_count(rig->upstream);
    fake_upstream_reply(
        rig->upstream,
        http_answer(&rig->memory, 200, "Content-Type: application/json\r\n", text_of(echo)));
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_run(
        rig->channel, &(struct grpc_raw_request){
                          .path = arena_printf(&rig->memory, "/depot.v1.Depot/%s", method),
                          .message = buffer_text(&wire) });
    if (reply.code != RPC_OK)
        fail_msg("%s of %s: %s", method, text, reply.message);
    assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);
    const struct fake_request request = fake_upstream_request(rig->upstream, before);
    assert_text(request_line(request), line);
    assert_text(request.body, body);
    assert_same_message(reply_type, reply.body, reply_text);
}

static void an_unrelated_api_is_served_field_by_field(void **state)
{
    struct gateway_rig *rig = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct order *order = cases[i].order;
        exchange(rig, cases[i].method, "depot.v1.Order", order->text, cases[i].line,
                 cases[i].body == NULL ? order->json : cases[i].body,
                 arena_printf(&rig->memory, "{\"order\":%s}", order->json), "depot.v1.Receipt",
                 arena_printf(&rig->memory, "order { %s }", order->text));
    }
}

static void custom_verb_response_body_and_empty_reply_do_as_their_rules_say(void **state)
{
    struct gateway_rig *rig = *state;
    exchange(rig, "LinkOrder", "depot.v1.Order", "name: 'a/b' is_checked: true",
             "LINK /v1/orders/a%2Fb?is_checked=true", "", "{\"name\":\"a/b\"}", "depot.v1.Receipt",
             "order { name: 'a/b' }");
    exchange(rig, "DeleteOrder", "depot.v1.Order", "name: 'x'", "DELETE /v1/orders/x", "", "{}",
             "google.protobuf.Empty", "");
}

static void what_only_a_body_holds_comes_back_as_it_was(void **state)
{
    static const char text[] =
        "name: 'sea' crates { label: 'a' } crates {} crates { count: 2 tags: 'x' } "
        "boxes { key: -1 value { height: 0.1 } } boxes { key: 2 value {} } "
        "materials { key: true value: STEEL } materials { key: false } "
        "sent_at { seconds: 1772805371 nanos: 5000000 } travel_time { seconds: 90 nanos: 500000000 "
        "} "
        "insured_value { value: 9007199254740993 } "
        "remarks { fields { key: 'k' value { list_value { values { null_value: NULL_VALUE } "
        "values { number_value: 1.5 } } } } } changed { paths: 'sent_at' paths: 'crates' }";
#define REST                                                                                       \
    "\"crates\":[{\"label\":\"a\"},{},{\"count\":2,\"tags\":[\"x\"]}],"                            \
    "\"boxes\":{\"-1\":{\"height\":0.1},\"2\":{}},"                                                \
    "\"materials\":{\"false\":\"MATERIAL_UNSPECIFIED\",\"true\":\"STEEL\"},"                       \
    "\"sent_at\":\"2026-03-06T13:56:11.005Z\",\"travel_time\":\"90.500s\","                        \
    "\"insured_value\":9007199254740993,\"remarks\":{\"k\":[null,1.5]},"                           \
    "\"changed\":\"sentAt,crates\"}"
    struct gateway_rig *rig = *state;
    exchange(rig, "Ship", "depot.v1.Shipment", text, "POST /v1/shipments/sea", "{" REST,
             "{\"name\":\"sea\"," REST, "depot.v1.Shipment", text);
#undef REST
}

/* A server that is protobuf's own writes lowerCamelCase, and 64 bits as texts. */
static void an_answer_in_proto3_json_is_understood(void **state)
{
    exchange(
        *state, "StoreOrder", "depot.v1.Order", "name: 'x'", "POST /v1/crates:order",
        "{\"name\":\"x\"}",
        "{\"order\":{\"isChecked\":true,\"priority\":\"9007199254740993\","
        "\"crate\":{\"box\":{\"otherSide\":\"RIGHT\"},\"readings\":[\"-1\"]}}}",
        "depot.v1.Receipt",
        "order { is_checked: true priority: 9007199254740993 crate { box { other_side: RIGHT } "
        "readings: -1 } }");
}

static void a_path_that_does_not_fit_any_rule_never_leaves(void **state)
{
    static const struct {
        const char *method;
        const char *text;
        const char *field;
    } rows[] = {
        { "GetByPath", "name: 'x'", "crate.label" },
        { "GetByPath", "crate { label: '..' }", "crate.label" },
        { "GetByResource", "crate { label: 'first/a' box { label: 'other/b' } }",
          "crate.box.label" },
        { "GetByResource", "crate { label: 'third/../x' }", "crate.label" },
        { "GetByTrail", "crate { label: 'first/a' box { label: 'second' } }", "crate.box.label" },
        { "GetByTrail", "crate { label: 'first/a' box { label: 'second//b' } }",
          "crate.box.label" },
        { "DeleteOrder", "", "name" },
        { "DeleteOrder", "name: '.'", "name" },
        { "PatchOrder", "name: '..'", "name" },
    };
    struct gateway_rig *rig = *state;
    const size_t before = fake_upstream_request_count(rig->upstream);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gateway_details details;
        SCOPED(buffer) struct buffer wire = wire_of("depot.v1.Order", rows[i].text);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = grpc_raw_run(
            rig->channel,
            &(struct grpc_raw_request){
                .path = arena_printf(&rig->memory, "/depot.v1.Depot/%s", rows[i].method),
                .message = buffer_text(&wire) });
        assert_int_equal(reply.code, RPC_INVALID_ARGUMENT);
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_string_equal(details.field, rows[i].field);
    }
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
}

static void the_api_it_was_built_with_is_gone(void **state)
{
    struct gateway_rig *rig = *state;
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        gateway_rig_call(rig, "SnapshotService/GetSnapshot", TEXT("\n\2s1"));
    assert_int_equal(reply.code, RPC_UNIMPLEMENTED);
}

/* A set whose rules cannot work stops the start, and says where and why. */
static void a_set_that_cannot_work_stops_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *says;
    } rows[] = {
        { "message M { string id = 1; } service S { rpc Do(M) returns (M) {"
          "option (google.api.http) = { get: '/x/{nope}' }; } }",
          "bad.proto: bad.v1.S.Do: path variable {nope} is not a field of bad.v1.M" },
        { "message M { repeated string ids = 1; } service S { rpc Do(M) returns (M) {"
          "option (google.api.http) = { get: '/x/{ids}' }; } }",
          "bad.proto: bad.v1.S.Do: path variable {ids} is a repeated field" },
        { "message M { string id = 1; } service S {"
          "rpc First(M) returns (M) { option (google.api.http) = { get: '/x/{id}' }; }"
          "rpc Do(M) returns (M) { option (google.api.http) = { get: '/x/{id=*}' }; } }",
          "bad.proto: bad.v1.S.Do: GET /x/{id=*} is already the rule of bad.v1.S.First" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer set = descriptors_of(rows[i].source);
        struct program program;
        char path[] = "/tmp/gateway-test-XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, set.data, set.len), set.len);
        close(fd);
        const char *const flags[] = { "--listen", "127.0.0.1:0", "--descriptor-set", path, NULL };
        assert_true(program_spawn(&program, "hypeman-gateway", flags));
        assert_int_not_equal(program_wait(&program), 0);
        if (strstr(program.output, rows[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", program.output, rows[i].says);
        program_free(&program);
        assert_int_equal(unlink(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unrelated_api_is_served_field_by_field),
        cmocka_unit_test(custom_verb_response_body_and_empty_reply_do_as_their_rules_say),
        cmocka_unit_test(what_only_a_body_holds_comes_back_as_it_was),
        cmocka_unit_test(an_answer_in_proto3_json_is_understood),
        cmocka_unit_test(a_path_that_does_not_fit_any_rule_never_leaves),
        cmocka_unit_test(the_api_it_was_built_with_is_gone),
        cmocka_unit_test(a_set_that_cannot_work_stops_the_start),
    };
    return cmocka_run_group_tests_name("gateway: another API", tests, start_rig, stop_rig);
}
