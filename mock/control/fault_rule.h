/* A rule for what goes wrong with which requests, as POST /_mock/faults takes it
 * (docs/control-api.md).
 *
 * Immutable, and shared by the worlds that have been forked since it was made. Pure. */
#ifndef TESTKIT_MOCK_CONTROL_FAULT_RULE_H
#define TESTKIT_MOCK_CONTROL_FAULT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "common/http/http.h"
#include "common/http/path_template.h"
#include "common/json/json_document.h"
#include "mock/api/api.h"
#include "mock/control/symptom.h"
#include "mock/domain/pairs.h"

enum { FAULT_MAX_PAIRS = 16 };

/* Everything that is given must fit. */
struct fault_match {
    const char *operation_id;   /* NULL: any                                       */
    enum http_method method;    /* HTTP_METHOD_COUNT: any                          */
    struct path_template *path; /* NULL: any                                      */
    struct text instance;       /* its id or name; data NULL: any                  */
    struct pair_list tags;      /* of the instance                                 */
    struct http_header headers[FAULT_MAX_PAIRS];
    size_t header_count;
    int status; /* of the answer; 0: any */
};

enum delay_form { DELAY_NONE, DELAY_FIXED, DELAY_UNIFORM, DELAY_LOG_NORMAL };

struct fault_delay {
    enum delay_form form;
    int64_t from_ns; /* DELAY_FIXED: all of it; DELAY_LOG_NORMAL: the median */
    int64_t to_ns;   /* DELAY_UNIFORM */
    double sigma;    /* DELAY_LOG_NORMAL: of the logarithm */
};

/* Read only. */
struct fault_rule {
    size_t users;
    struct arena arena;
    struct text source; /* as it was given, as compact JSON */
    struct fault_match match;
    uint64_t skip;      /* so many requests that fit are let pass first */
    uint64_t times;     /* so often it takes effect; 0: for ever        */
    double probability; /* of taking effect                             */
    bool seeded;
    uint64_t seed; /* of chances and delays, when seeded */
    bool commits;  /* the operation happens              */
    struct symptom symptom;
    struct fault_delay delay;
};

/* at     the object
 * out    owned: fault_rule_release()
 * Fails  INVALID_ARGUMENT  with the path of the member that is wrong
 *        NO_MEMORY */
MUST_USE bool fault_rule_read(const struct json_at *at, struct fault_rule **out, struct error *err);
struct fault_rule *fault_rule_retain(struct fault_rule *rule);
/* NULL is fine. */
void fault_rule_release(struct fault_rule *rule);

/* Whether the request is one that it is about, as far as that shows before there is an answer. */
bool fault_rule_is_about(const struct fault_rule *rule, const struct http_request *req,
                         const struct api_subject *subject);
/* Whether the answer is one that it is about, and can have its symptom. */
bool fault_rule_takes(const struct fault_rule *rule, const struct response *res);
/* How long the answer is held back; at most FAULT_MAX_DELAY_NS. */
int64_t fault_rule_delay_ns(const struct fault_rule *rule, struct rng rng);
/* From 0 to less than 1. */
double fault_chance(struct rng rng);

#define FAULT_MAX_DELAY_NS (24 * 3600 * NS_PER_SEC)

#endif
