/* What an auto-standby policy does: instances.md 16.2.
 *
 * The countdown runs from the moment of Running, of the policy or of the last connection's end,
 * whichever is latest; at its end the world puts the instance in Standby at exactly that moment
 * (INST-AS-048, INST-AS-049). Nobody ever connects, unless a test says so. */
#ifndef TESTKIT_MOCK_DOMAIN_AUTO_STANDBY_H
#define TESTKIT_MOCK_DOMAIN_AUTO_STANDBY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/hypervisor.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

enum auto_standby_status {
    AUTO_STANDBY_UNSUPPORTED,
    AUTO_STANDBY_DISABLED,
    AUTO_STANDBY_INELIGIBLE,
    AUTO_STANDBY_ACTIVE,
    AUTO_STANDBY_IDLE_COUNTDOWN,
    AUTO_STANDBY_READY, /* due, but the world has not come to it yet */
    AUTO_STANDBY_STATUS_COUNT,
};
const char *auto_standby_status_name(enum auto_standby_status status); /* "unsupported" ... */

enum auto_standby_reason {
    AUTO_STANDBY_UNSUPPORTED_PLATFORM,
    AUTO_STANDBY_POLICY_MISSING,
    AUTO_STANDBY_POLICY_DISABLED,
    AUTO_STANDBY_NOT_RUNNING,
    AUTO_STANDBY_NETWORK_DISABLED,
    AUTO_STANDBY_MISSING_IP,
    AUTO_STANDBY_HAS_VGPU,
    AUTO_STANDBY_ACTIVE_CONNECTIONS,
    AUTO_STANDBY_NOT_ELAPSED,
    AUTO_STANDBY_READY_FOR_STANDBY,
    AUTO_STANDBY_REASON_COUNT,
};
const char *auto_standby_reason_name(enum auto_standby_reason reason); /* "policy_missing" ... */

/* At a moment. Times and durations are 0 where the answer has null, but for countdown_remaining_ns,
 * which is null without next_standby_at_ns. */
struct auto_standby_view {
    bool supported;
    bool configured;
    bool enabled;
    bool eligible;
    enum auto_standby_status status;
    enum auto_standby_reason reason;
    const char *tracking_mode;
    int64_t active_inbound_connections;
    int64_t idle_timeout_ns;
    int64_t idle_since_ns;
    int64_t last_inbound_activity_at_ns;
    int64_t hold_until_ns;
    int64_t next_standby_at_ns;
    int64_t countdown_remaining_ns;
};

/* The first row of INST-AS-020 to INST-AS-030 that fits; INST-AS-040 for another host than Linux.
 */
struct auto_standby_view auto_standby_view(const struct instance *instance,
                                           struct host_platform host, int64_t now_ns);

/* POST /auto-standby/hold: no standby before a whole idle timeout from now, where there may be one
 * at all (INST-AS-041, INST-AS-042, INST-AS-045).
 * id       full id; may point into the record itself
 * out      as it is afterwards
 * Fails    NOT_FOUND      ""              instance not found
 *          INVALID_STATE  "auto_standby"  instance is in standby; ... (INST-AS-043)
 *          NO_MEMORY
 * A failed call changes nothing. */
MUST_USE bool auto_standby_hold(struct world *world, struct text id, struct auto_standby_view *out,
                                struct error *err);

/* From now on so many connections that count are open, in any state of the instance, until it is
 * called again.
 * id       full id
 * Fails    NOT_FOUND  instance not found
 *          NO_MEMORY  nothing has changed */
MUST_USE bool auto_standby_set_connections(struct world *world, struct text id, uint32_t count,
                                           struct error *err);

/* The end of the countdown, if nothing else happens; INT64_MAX for never. On a host that has
 * auto-standby; may lie in the past. Pure: nothing but the record counts. */
int64_t auto_standby_due_ns(const struct instance *instance);

/* The event source (world_events.c). */
int64_t auto_standby_next_ns(const struct world *world);
MUST_USE bool auto_standby_run(struct world *world);

#endif
