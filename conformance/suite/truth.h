/* Words that scenarios, results and the command line share. */
#ifndef TESTKIT_CONFORMANCE_SUITE_TRUTH_H
#define TESTKIT_CONFORMANCE_SUITE_TRUTH_H

/* What a server is held to where the API description and the real server disagree. */
enum truth { TRUTH_SPEC, TRUTH_SERVER, TRUTH_COUNT };
extern const char *const truth_names[]; /* "spec", "server", NULL */

/* How a scenario reaches the server; BOTH: once by each, in twin worlds that must stay alike. */
enum via { VIA_REST, VIA_GRPC, VIA_BOTH, VIA_COUNT };
extern const char *const via_names[]; /* "rest", "grpc", "both", NULL */

#endif
