/* The state of an auto-standby policy as JSON (instances.md 16.2). */
#ifndef TESTKIT_MOCK_API_AUTO_STANDBY_CODEC_H
#define TESTKIT_MOCK_API_AUTO_STANDBY_CODEC_H

#include "common/json/json_writer.h"
#include "mock/domain/auto_standby.h"

/* One AutoStandbyStatus object, always with all its members. Overflow shows in w->out->failed. */
void auto_standby_view_encode(struct json_writer *w, const struct auto_standby_view *view);

#endif
