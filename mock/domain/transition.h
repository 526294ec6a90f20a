/* The changes of state an instance goes through, on an edited copy of its record (instances.md
 * 10.2). Pure; whether one is allowed is for the operations to judge. */
#ifndef TESTKIT_MOCK_DOMAIN_TRANSITION_H
#define TESTKIT_MOCK_DOMAIN_TRANSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "mock/domain/instance.h"

/* A cold start at now_ns, ready boot_delay_ns later, unless a test wants it otherwise. */
int64_t transition_boot_end_ns(const struct instance *instance, int64_t now_ns,
                               int64_t boot_delay_ns);
void transition_boot(struct instance *edited, int64_t now_ns, int64_t boot_delay_ns);
/* Running from its standby image; started_at and stopped_at stay (INST-ST-002). */
void transition_resume(struct instance *edited, int64_t now_ns);
void transition_standby(struct instance *edited, int64_t now_ns);
/* Running again after a standby that only was on the way to something else. However short it was by
 * the world's clock, the ledger shows it (SNAP-S-004, INST-FK-018, INST-FK-032). */
void transition_resume_at_once(struct instance *edited, int64_t now_ns);
/* Stopped by a request; what the guest reported is in the exit fields (INST-ST-014). */
void transition_stop(struct instance *edited, int64_t now_ns);
/* The guest ended by itself: no phase and no stopped_at changes (INST-J-043, INST-G-004). */
void transition_exit(struct instance *edited, int32_t exit_code);

#endif
