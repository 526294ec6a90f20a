/* The value forms all answers share, on top of common/json/json_writer. */
#ifndef TESTKIT_MOCK_API_ENCODE_H
#define TESTKIT_MOCK_API_ENCODE_H

#include <stdint.h>

#include "common/json/json_writer.h"
#include "mock/domain/pairs.h"

/* RFC 3339 in UTC (JSON-010). */
void encode_time(struct json_writer *w, const char *key, int64_t ns);
/* null for 0, "never". */
void encode_time_or_null(struct json_writer *w, const char *key, int64_t ns);
/* Go form: "1m30s" (DUR-005). */
void encode_duration(struct json_writer *w, const char *key, int64_t ns);
/* "2.0 GB" (INST-J-010). */
void encode_size(struct json_writer *w, const char *key, int64_t bytes);
/* "119.2 MB/s"; left out at 0 and below (INST-J-012). */
void encode_rate(struct json_writer *w, const char *key, int64_t bytes_per_second);
/* null for the empty text. */
void encode_text_or_null(struct json_writer *w, const char *key, struct text t);
/* Left out when empty. */
void encode_text_if_any(struct json_writer *w, const char *key, struct text t);
void encode_texts_if_any(struct json_writer *w, const char *key, struct text_list list);
void encode_pairs_if_any(struct json_writer *w, const char *key, struct pair_list pairs);

#endif
