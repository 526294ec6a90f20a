/* What an instance is: its configuration, its record, and how it looks at a moment.
 *
 * Records are immutable once stored and shared by reference: a change puts an edited copy in the
 * record's place, so whoever holds the old one (a snapshot, an open list) keeps seeing it as it
 * was. All texts, lists and pointers inside a record belong to it.
 *
 * Conventions: sizes in bytes, rates in bytes per second, durations in ns, times in ns UTC since
 * 1970 with 0 = never; an empty text or list = not given. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/compression.h"
#include "mock/domain/history.h"
#include "mock/domain/hypervisor.h"
#include "mock/domain/network.h"
#include "mock/domain/pairs.h"
#include "mock/domain/phase.h"

enum instance_state {
    INSTANCE_CREATED,
    INSTANCE_INITIALIZING,
    INSTANCE_RUNNING,
    INSTANCE_PAUSED,
    INSTANCE_SHUTDOWN,
    INSTANCE_STOPPED,
    INSTANCE_STANDBY,
    INSTANCE_UNKNOWN,
    INSTANCE_STATE_COUNT,
};

/* "Created", "Initializing" ... Static text. */
const char *instance_state_name(enum instance_state state);
/* Exact case; false, *out untouched, when it is none of the eight. */
MUST_USE bool instance_state_parse(struct text name, enum instance_state *out);
/* Why the state is not known (INST-J-005): static text; NULL unless it is UNKNOWN. */
const char *instance_state_error(enum instance_state state);
/* Whether a virtual machine process exists, so that the host's capacity is taken (RES-007). */
bool instance_state_has_vmm(enum instance_state state);
/* Whether a guest runs or is about to: Running, Initializing. */
bool instance_state_is_up(enum instance_state state);

enum egress_mode { EGRESS_ALL, EGRESS_HTTP_HTTPS_ONLY, EGRESS_MODE_COUNT };
const char *egress_mode_name(enum egress_mode mode); /* "all", "http_https_only" */
MUST_USE bool egress_mode_parse(struct text name, enum egress_mode *out);

struct network_config {
    bool enabled;
    int64_t bandwidth_download; /* 0 in a request: the CPU-proportional default (INST-DEF-006) */
    int64_t bandwidth_upload;
    bool egress_enabled;
    enum egress_mode egress_mode;
};

struct volume_attachment {
    struct text volume_id;
    struct text mount_path; /* as sent */
    bool readonly;
    bool overlay;
    int64_t overlay_bytes; /* meaningful with overlay only */
};

struct credential_injection {
    struct text header; /* as.header */
    struct text format; /* as.format */
    struct text_list hosts;
};

struct credential {
    struct text name; /* the key in the request */
    struct text source_env;
    const struct credential_injection *inject;
    size_t inject_count;
};

/* All already judged and normalised by the edge (instances.md 16.1). */
struct auto_standby_policy {
    bool present;
    int64_t since_ns; /* when it was put in force by the world; ignored in a request */
    bool enabled;     /* false: the rest is zero (INST-AS-001) */
    int64_t idle_timeout_ns;
    struct text_list ignore_source_cidrs;
    const uint16_t *ignore_destination_ports;
    size_t ignore_destination_port_count;
};

enum health_check_type {
    HEALTH_CHECK_NONE,
    HEALTH_CHECK_HTTP,
    HEALTH_CHECK_TCP,
    HEALTH_CHECK_EXEC,
    HEALTH_CHECK_TYPE_COUNT,
};
const char *health_check_type_name(enum health_check_type type); /* "none", "http" ... */
MUST_USE bool health_check_type_parse(struct text name, enum health_check_type *out);

/* Durations come back as sent (INST-J-023), so the texts are kept beside the numbers. */
struct health_check_policy {
    bool present;
    int64_t since_ns; /* when it was put in force by the world; ignored in a request */
    enum health_check_type type;
    struct text interval, timeout, start_period;
    int64_t interval_ns, timeout_ns, start_period_ns;
    int64_t failure_threshold, success_threshold;
    int64_t port; /* http and tcp */
    struct text http_path, http_scheme;
    int64_t http_expected_status;
    struct text_list exec_command;
    struct text exec_working_dir;
};

enum restart_policy_kind {
    RESTART_NEVER, /* no policy: not shown (INST-RP-001) */
    RESTART_ALWAYS,
    RESTART_ON_FAILURE,
    RESTART_POLICY_KIND_COUNT,
};
const char *restart_policy_kind_name(enum restart_policy_kind kind); /* "never", "always" ... */
MUST_USE bool restart_policy_kind_parse(struct text name, enum restart_policy_kind *out);

struct restart_policy {
    enum restart_policy_kind kind;
    int64_t backoff_ns, stable_after_ns;
    int64_t max_attempts; /* 0: unlimited, not shown */
};

/* Echoed as sent, without defaults (INST-J-050, INST-J-051). */
struct snapshot_policy {
    bool present;
    struct compression_choice compression;
    bool has_standby_compression_delay;
    int64_t standby_compression_delay_ns;
};

/* Who an instance is and how it is set up: what a client said plus defaults. Shared between all
 * records (and captures) of an instance until something in it changes. */
struct instance_config {
    uint32_t refs; /* bookkeeping; ignored in a request  */
    struct text
        id; /* given by the world; empty in a request, or that of a resource_id nobody has */
    struct text name;     /* judged by the request validator    */
    struct text image;    /* as sent (INST-J-004)           */
    struct text platform; /* resolved, e.g. "linux/amd64"; in a request: wish, or empty */
    enum hypervisor hypervisor;
    int64_t size_bytes; /* base memory   */
    int64_t hotplug_bytes;
    int64_t overlay_bytes;
    int64_t vcpus;
    int64_t disk_io_bps;
    struct network_config network;
    struct pair_list tags;
    struct pair_list env;
    struct text_list entrypoint;
    struct text_list cmd;
    const struct volume_attachment *volumes;
    size_t volume_count;
    size_t listed_volume_count; /* the first so many of them are not attached (INST-FK-006); set by
                                   the world, ignored in a request */
    const struct credential *credentials;
    size_t credential_count;
    struct text_list devices;
    struct text gpu_profile; /* empty: no vGPU */
    struct auto_standby_policy auto_standby;
    struct health_check_policy health_check;
    struct restart_policy restart;
    struct snapshot_policy snapshot;
    bool skip_kernel_headers;
    bool skip_guest_agent;
};

enum restart_block {
    RESTART_NOT_BLOCKED,
    RESTART_MANUAL_STOP,
    RESTART_MAX_ATTEMPTS_EXCEEDED,
    RESTART_BLOCK_COUNT,
};
const char *restart_block_name(enum restart_block block); /* "", "manual_stop" ... */

/* What made a restart policy act, other than an exit. */
enum restart_reason {
    RESTART_REASON_NONE,
    RESTART_HEALTH_CHECK_FAILED,
    RESTART_REASON_COUNT,
};
const char *restart_reason_name(enum restart_reason reason); /* "", "health_check_failed" */

/* What the restart policy did so far (instances.md 18). All zero: not shown (INST-RP-003). */
struct restart_status {
    uint32_t attempts;
    enum restart_block blocked : 16;
    enum restart_reason last_reason : 16;
    int64_t last_attempt_at_ns;
    int64_t next_attempt_at_ns; /* while Stopped: when the policy starts it again */
};

/* One version of one instance. For what a client sees, ask instance_view(): `state` and `phases`
 * do not know that a boot has ended meanwhile. */
struct instance {
    uint32_t refs;                        /* bookkeeping                                 */
    enum instance_state state;            /* as last stored                              */
    const struct instance_config *config; /* never NULL                                  */
    int64_t created_at_ns;
    int64_t started_at_ns;
    int64_t stopped_at_ns;
    int64_t expires_at_ns;
    int64_t running_at_ns; /* while state is INITIALIZING: when it becomes RUNNING; INT64_MAX
                              while that is held                                         */
    struct phase_ledger phases;
    struct network_address address;
    bool has_exit_code;
    int32_t exit_code;
    const char *state_error; /* instance_state_error(state)                              */
    struct restart_status restart;
    int64_t hold_until_ns;              /* no auto-standby before (INST-AS-041)          */
    const struct history *history;      /* a reference of the record's                   */
    const struct instance_hooks *hooks; /* likewise; NULL: no test has touched it        */
};

/* "killed by signal 15 (terminated)", "success" ... (instances.md 21). "" without an exit code. */
struct exit_text {
    char text[64]; /* NUL-terminated */
};
struct exit_text instance_exit_text(const struct instance *instance);

enum health_status {
    HEALTH_DISABLED,
    HEALTH_STARTING,
    HEALTH_HEALTHY,
    HEALTH_UNHEALTHY,
    HEALTH_UNKNOWN,
    HEALTH_STATUS_COUNT,
};
const char *health_status_name(enum health_status status); /* "disabled", "starting" ... */

/* What the probes found since the policy is in force and the instance Running (INST-HC-001). There
 * is a last error while there are failures: health_error_text(). */
struct health {
    enum health_status status;
    int64_t consecutive_failures;
    int64_t consecutive_successes;
    int64_t last_checked_at_ns;
    int64_t last_failure_at_ns;
    int64_t last_success_at_ns;
};

/* An instance at a moment. */
struct instance_view {
    enum instance_state state;
    bool has_snapshot;          /* a standby memory image exists (instances.md 5.1) */
    struct phase_ledger phases; /* phase_ledger_spent_ns(&view.phases, p, now_ns)   */
    struct health health;
    struct restart_status restart;
};

/* Boot is over at running_at_ns exactly, whenever it is asked for: current_phase_since is that
 * moment, not now_ns (instances.md 21). */
struct instance_view instance_view(const struct instance *instance, int64_t now_ns);

#endif
