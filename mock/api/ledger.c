#include "mock/api/ledger.h"

#include <assert.h>

#include "common/json/json_writer.h"

/* clang-format off */
/* Each answer begins with its status. */
const struct ledger_row ledger[DIVERGENCE_COUNT] = {
    [DIVERGENCE_NONE] = { 0 },

    /* How refusals are written. */
    [DIVERGENCE_UNESCAPED_MESSAGE] = {
        "unescaped-message", "VALID-002 INST-X-041 SNAP-X-020",
        "parameters or a body that the description forbids",
        "400 Bad Request, the message escaped: valid JSON",
        "400 Bad Request, the message pasted between the quotes as it is: mostly no valid JSON" },
    [DIVERGENCE_MESSAGE_AS_FORMAT] = {
        "message-as-format", "VALID-004 INST-X-043 SNAP-X-025",
        "the same, with a % in what the message quotes",
        "400 Bad Request, the % as it was sent",
        "400 Bad Request, the message as Go's fmt prints it without arguments: %d becomes "
        "%!d(MISSING), %% becomes %" },
    [DIVERGENCE_BINDING_TEXT] = {
        "binding-text",
        "BIND-001 BIND-002 BIND-003 INST-X-050 INST-X-051 INST-X-052 SNAP-L-022 SNAP-X-024 NEW-045",
        "values that fit the description and fail later: a query parameter twice, an empty one with "
        "a default, a number like 1.0 or beyond 64 bits, a date that does not exist, a path "
        "parameter with an escape that is none",
        "400 Bad Request as JSON, with the server's sentence",
        "400 as text/plain" },
    [DIVERGENCE_UNKNOWN_PATH] = {
        "unknown-path", "HTTP-020 HTTP-021 SNAP-X-012",
        "a path the API does not have",
        "404 not_found as JSON",
        "404 as text/plain" },
    [DIVERGENCE_WRONG_METHOD] = {
        "wrong-method", "HTTP-022 HTTP-023 HTTP-024 SNAP-X-013",
        "a path with a method it does not have",
        "405 method_not_allowed as JSON, with the Allow lines",
        "405 without body, with the Allow lines" },
    [DIVERGENCE_PROTOCOL_TEXT] = {
        "protocol-text", "HTTP-003 HTTP-004",
        "a target that cannot be decoded, HTTP/1.1 without Host, two lengths, an unknown transfer "
        "coding",
        "400 Bad Request (501 Not Implemented for the coding) as JSON, connection closed",
        "400 or 501 as text/plain, connection closed" },

    /* How requests are judged. */
    [DIVERGENCE_TAG_FILTER_KEY] = {
        "tag-filter-key", "TAG-028 SNAP-L-020 INST-T-008",
        "a list filtered by a tag key outside the allowed set or longer than 128 characters",
        "400 Bad Request",
        "200 with nothing in the list" },
    [DIVERGENCE_NUL_IN_IDENTIFIER] = {
        "nul-in-identifier", "PATH-005",
        "an instance id or name with a NUL byte",
        "404 not_found",
        "500 internal_error, failed to resolve resource" },
    [DIVERGENCE_SNAPSHOT_ID] = {
        "snapshot-id", "SNAP-I-010",
        "a snapshot id longer than 255 bytes or with a NUL byte",
        "404 not_found",
        "500 internal_error with the operation's own sentence" },

    /* createInstance. */
    [DIVERGENCE_NAME_CONFLICT] = {
        "name-conflict", "INST-N-002 INST-C-035",
        "createInstance with network and the name of a networked instance",
        "409 name_conflict",
        "400 name_conflict" },
    [DIVERGENCE_IMAGE_REFERENCE] = {
        "image-reference", "INST-C-021 INST-C-022",
        "createInstance with an image that is empty or no legal reference",
        "400 invalid_request",
        "500 internal_error, failed to create instance" },
    [DIVERGENCE_NUMBER_OUT_OF_RANGE] = {
        "number-out-of-range", "INST-C-045 INST-C-046 INST-C-047 INST-C-048 INST-C-049",
        "createInstance with vcpus or sizes below zero, beyond 63 bits or above the limit of one "
        "instance",
        "400 invalid_request",
        "500 internal_error, failed to create instance" },
    [DIVERGENCE_HYPERVISOR_NOT_HERE] = {
        "hypervisor-not-here", "INST-C-041",
        "createInstance with a hypervisor that does not run on this host",
        "400 invalid_request",
        "500 internal_error, failed to create instance" },
    [DIVERGENCE_VOLUME_RULES] = {
        "volume-rules",
        "INST-C-070 INST-C-071 INST-C-072 INST-C-073 INST-C-074 INST-C-075 INST-C-076",
        "createInstance with volumes that break a rule: count, mount path, reserved id, overlay",
        "400 invalid_request",
        "500 internal_error, failed to create instance" },
    [DIVERGENCE_VOLUME_TAKEN] = {
        "volume-taken", "INST-C-078",
        "createInstance with one volume twice, or with one that another instance holds",
        "409 conflict",
        "500 internal_error, failed to create instance" },
    [DIVERGENCE_DEVICE_UNKNOWN] = {
        "device-unknown", "INST-C-079",
        "createInstance with a device that does not exist",
        "404 not_found",
        "500 internal_error, failed to create instance" },

    /* What instances do. */
    [DIVERGENCE_NAME_CONFLICT_AT_START] = {
        "name-conflict-at-start", "INST-ST-029",
        "startInstance or restoreInstance when another networked instance has its name",
        "409 name_conflict",
        "500 internal_error with the operation's own sentence" },
    [DIVERGENCE_VOLUME_ATTACHMENT] = {
        "volume-attachment", "INST-VOL-003 INST-VOL-004 INST-VOL-005",
        "attachVolume and detachVolume",
        "200 with the instance, 404 not_found or 409 conflict",
        "500 not_implemented; nothing changes" },
    [DIVERGENCE_FIRST_RESTART] = {
        "first-restart", "INST-RP-007",
        "getInstance of one with a restart policy, whose guest has ended for the first time",
        "200, Stopped until restart_policy.backoff has passed",
        "200, Stopped for at most 5 s" },
    [DIVERGENCE_LONG_WAIT] = {
        "long-wait", "INST-W-011 INST-W-012",
        "waitForInstanceState for longer than 60 s",
        "200 when the state is reached or the timeout is over, at the latest after five minutes",
        "200 after 60 s, timed out" },

    /* Snapshots. */
    [DIVERGENCE_DISABLED_COMPRESSION] = {
        "disabled-compression", "COMP-012 INST-C-016 INST-SB-007",
        "a compression level outside the algorithm's range, with enabled false",
        "200 or 201: the level is ignored",
        "400 invalid_snapshot_compression, or invalid_snapshot_policy in createInstance" },
    [DIVERGENCE_TARGET_STATE] = {
        "target-state", "SNAP-R-006 SNAP-F-006",
        "target_state Standby when a Stopped snapshot is restored or forked",
        "409 invalid_state (restore) or conflict (fork)",
        "400 invalid_request" },
    [DIVERGENCE_NO_STANDBY] = {
        "no-standby", "SNAP-C-034",
        "createInstanceSnapshot of a Running instance whose hypervisor has no standby",
        "501 not_supported",
        "500 internal_error, failed to create snapshot" },
    [DIVERGENCE_FAILED_RUN] = {
        "failed-run", "SCHED-T-011",
        "a snapshot schedule whose last run failed after a good one",
        "200 with last_snapshot_id of the good one",
        "200 with last_snapshot_id null" },
};

const struct ledger_limit ledger_limits[] = {
    { "HTTP-006", "a body larger than --max-body (8 MiB by default)",
      "413 request_too_large; the connection goes on once the rest is read",
      "accepted, whatever its size" },
    { "HTTP-006", "a request whose values take more than 64 MiB, or over 8192 query parameters",
      "413 request_too_large",
      "accepted" },
    { "HTTP-005", "request headers over 16 KiB, or more than 100 of them",
      "431 headers_too_large, connection closed; over 32 KiB with a page of the HTTP library",
      "431 as text/plain, over about 1 MiB" },
    { "HTTP-005", "a request target over 8 KiB",
      "414 uri_too_long, connection closed; over 32 KiB with a page of the HTTP library",
      "counts as part of the headers" },
    { "HTTP-002 HTTP-004", "a request line, header or chunk that breaks HTTP's grammar; HTTP/2's preface",
      "400 or 505 with a page of the HTTP library, connection closed",
      "400 as text/plain, connection closed; 405 for the preface" },
    { "HTTP-007", "a client that stops in the middle of a request or an answer",
      "closed after 30 s",
      "waits for ever" },
    { "HTTP-007", "a connection between two requests",
      "closed after 600 s",
      "kept for ever" },
    { "HTTP-008", "an operation that takes long",
      "no deadline",
      "504 without body after 60 s" },
    { "INST-W-013", "waitForInstanceState when a boot ends",
      "200 at once",
      "200 at the next poll, up to 5 s later" },
    { "HTTP-032", "an answer over 2048 bytes",
      "with Content-Length; only lists over 32 KiB are chunked",
      "always chunked" },
    { "VALID-034", "JSON nested deeper than 64",
      "400 Bad Request",
      "accepted, down to a depth of 10000" },
    { "VALID-001", "an error message over 1023 bytes",
      "cut",
      "sent whole" },
    { "AUX-001 AUX-002 AUX-003 AUX-010 AUX-020",
      "/spec.yaml, /spec.json, /swagger, /v2 and the metrics port",
      "404, and no metrics port",
      "served" },
    { 0 },
};
/* clang-format on */

struct world_quirks ledger_quirks(enum truth truth)
{
    const bool as_the_server = truth == TRUTH_SERVER;

    return (struct world_quirks){
        .judge_disabled_compression = as_the_server,
        .failed_run_forgets_snapshot = as_the_server,
        .restart_at_once = as_the_server,
    };
}

/* --- the tables on paper --------------------------------------------------------------------- */

enum { COLUMNS = 4, GAP = 2 };

static const size_t widths[COLUMNS] = { 12, 36, 32, 36 };

/* Takes the words of *rest that fit a line; one that is too long gets a line of its own. */
static struct text take_line(struct text *rest, size_t width)
{
    struct text after = *rest;
    size_t len = 0;

    while (after.data != NULL) {
        const struct text word = text_split(&after, ' ');
        const size_t end = (size_t)(word.data - rest->data) + word.len;
        if (len > 0 && end > width)
            break;
        len = end;
    }
    const struct text line = { rest->data, len };
    const size_t used = len < rest->len ? len + 1 : len; /* with the blank */
    *rest = (struct text){ rest->data + used, rest->len - used };
    return line;
}

static void write_row(struct buffer *out, const char *const cells[COLUMNS])
{
    struct text rest[COLUMNS];
    size_t left = 0;

    for (size_t i = 0; i < COLUMNS; i++) {
        rest[i] = text_of(cells[i]);
        left += rest[i].len;
    }
    while (left > 0) {
        size_t blanks = 0; /* owed before the next text, so that no line ends in them */
        left = 0;
        for (size_t i = 0; i < COLUMNS; i++) {
            const struct text line = take_line(&rest[i], widths[i]);
            if (line.len > 0) {
                buffer_appendf(out, "%*s", (int)blanks, "");
                buffer_append_text(out, line);
                blanks = 0;
            }
            blanks += widths[i] + GAP - (line.len > 0 ? line.len : 0);
            left += rest[i].len;
        }
        buffer_append_byte(out, '\n');
    }
}

void ledger_write_text(struct buffer *out)
{
    buffer_append_cstr(
        out, "Where the API description and the real server disagree. --truth spec (the default) "
             "answers as\nthe third column says, --truth server as the fourth.\n\n");
    write_row(out, (const char *[]){ "RULES", "ASKED", "SPEC", "SERVER" });
    for (size_t i = DIVERGENCE_NONE + 1; i < DIVERGENCE_COUNT; i++)
        write_row(out, (const char *[]){ ledger[i].rules, ledger[i].asked, ledger[i].spec,
                                         ledger[i].server });

    buffer_append_cstr(out, "\nLimits of this mock, in both truths.\n\n");
    write_row(out, (const char *[]){ "RULES", "ASKED", "MOCK", "SERVER" });
    for (const struct ledger_limit *limit = ledger_limits; limit->asked != NULL; limit++)
        write_row(out, (const char *[]){ limit->rules, limit->asked, limit->mock, limit->server });
}

/* --- the tables for tools -------------------------------------------------------------------- */

static void write_rules(struct json_writer *w, const char *rules)
{
    json_write_key(w, TEXT("rules"));
    json_write_array_begin(w);
    for (struct text rest = text_of(rules); rest.data != NULL;)
        json_write_string(w, text_split(&rest, ' '));
    json_write_array_end(w);
}

static void write_divergence(struct json_writer *w, const struct ledger_row *row)
{
    json_write_object_begin(w);
    json_member_string(w, "kind", TEXT("divergence"));
    json_member_string(w, "name", text_of(row->name));
    write_rules(w, row->rules);
    json_member_string(w, "asked", text_of(row->asked));
    json_member_string(w, "spec", text_of(row->spec));
    json_member_string(w, "server", text_of(row->server));
    json_write_object_end(w);
}

static void write_limit(struct json_writer *w, const struct ledger_limit *limit)
{
    json_write_object_begin(w);
    json_member_string(w, "kind", TEXT("limit"));
    write_rules(w, limit->rules);
    json_member_string(w, "asked", text_of(limit->asked));
    json_member_string(w, "mock", text_of(limit->mock));
    json_member_string(w, "server", text_of(limit->server));
    json_write_object_end(w);
}

void ledger_write_json(struct buffer *out)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);

    json_write_array_begin(&w);
    for (size_t i = DIVERGENCE_NONE + 1; i < DIVERGENCE_COUNT; i++)
        write_divergence(&w, &ledger[i]);
    for (const struct ledger_limit *limit = ledger_limits; limit->asked != NULL; limit++)
        write_limit(&w, limit);
    json_write_array_end(&w);
    buffer_append_byte(out, '\n');
}
