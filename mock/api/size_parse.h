/* Sizes and rates as clients write them (instances.md 5.2, SIZE-001 to SIZE-006). The error texts
 * are shown to clients. How they are written back: mock/domain/size_text.h. */
#ifndef TESTKIT_MOCK_API_SIZE_PARSE_H
#define TESTKIT_MOCK_API_SIZE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

/* "1GB", "512 mb", "1024"; "" is 0. Powers of 1024. 8 EiB and more come out negative (INST-C-046).
 * Fails  INVALID_ARGUMENT  strconv.UnmarshalText: parsing "1GiB": invalid syntax (or ...) */
MUST_USE bool size_parse(struct text t, int64_t *bytes, struct error *err);

/* "100MB/s", "100MBps": a size per second.
 * Fails  as size_parse, quoting the text without its ending */
MUST_USE bool size_parse_rate(struct text t, int64_t *bytes_per_second, struct error *err);

/* "1Gbps" in bits, "125MB/s" in bytes (SIZE-006).
 * Fails  INVALID_ARGUMENT  invalid number: 1.5
 *                          parse as bytes: strconv.UnmarshalText: ... */
MUST_USE bool size_parse_bandwidth(struct text t, int64_t *bytes_per_second, struct error *err);

#endif
