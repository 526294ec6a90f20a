/* The policies of an instance between JSON and domain: auto-standby, health check, restart,
 * snapshot. The decoders judge what the request schema cannot (instances.md 16.1, 17, 18; COMP).
 *
 * All take an object that passed its schema, NULL when absent, and give values that point into
 * the request's arena. */
#ifndef TESTKIT_MOCK_API_POLICY_CODEC_H
#define TESTKIT_MOCK_API_POLICY_CODEC_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "mock/api/body.h"
#include "mock/domain/compression.h"
#include "mock/domain/instance.h"

/* Fails  INVALID_ARGUMENT  field "auto_standby": invalid request: auto_standby.idle_timeout ...
 *        NO_MEMORY */
MUST_USE bool auto_standby_decode(const struct body_value *value, struct arena *arena,
                                  struct auto_standby_policy *out, struct error *err);
/* Fails  INVALID_ARGUMENT  field "health_check.policy": health_check.interval is invalid: ...
 *        NO_MEMORY */
MUST_USE bool health_check_decode(const struct body_value *value, struct arena *arena,
                                  struct health_check_policy *out, struct error *err);
/* Fails  INVALID_ARGUMENT  field "restart_policy": restart_policy.backoff must be ... */
MUST_USE bool restart_policy_decode(const struct body_value *value, struct restart_policy *out,
                                    struct error *err);
/* The level is the domain's to judge (compression_check); *out is good for that even on failure.
 * Fails  INVALID_ARGUMENT  field "snapshot_policy": standby_compression_delay must be ...
 *                          (INST-C-017) */
MUST_USE bool snapshot_policy_decode(const struct body_value *value, struct snapshot_policy *out,
                                     struct error *err);
/* Cannot fail: ranges are the domain's to judge (compression_check). */
struct compression_choice compression_decode(const struct body_value *value);

/* Judges the text of a `compression_delay`; what it says shows nowhere (INST-SB-016).
 * Fails  INVALID_ARGUMENT  field "compression_delay" (INST-SB-008, INST-SB-009) */
MUST_USE bool compression_delay_decode(const struct body_value *value, struct error *err);

/* Each writes its member, or nothing when there is no such policy. */
void auto_standby_encode(struct json_writer *w, const struct auto_standby_policy *policy);
void health_check_encode(struct json_writer *w, const struct health_check_policy *policy);
void restart_policy_encode(struct json_writer *w, const struct restart_policy *policy);
void snapshot_policy_encode(struct json_writer *w, const struct snapshot_policy *policy);

/* What the policies have come to. The first is always there (INST-HC-001), the second only when
 * there is something to tell (INST-RP-003). instance  whose health it is */
void health_status_encode(struct json_writer *w, const struct instance *instance,
                          const struct health *health);
void restart_status_encode(struct json_writer *w, const struct restart_status *status);

/* Strings of a JSON array, an empty list for NULL.
 * Fails  NO_MEMORY */
MUST_USE bool decode_texts(const struct body_value *array, struct arena *arena,
                           struct text_list *out, struct error *err);
/* Members of a JSON object of strings; the tree keeps them sorted already.
 * Fails  NO_MEMORY */
MUST_USE bool decode_pairs(const struct body_value *object, struct arena *arena,
                           struct pair_list *out, struct error *err);

#endif
