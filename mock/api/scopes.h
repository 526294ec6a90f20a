/* The scopes a token's permissions can name. */
#ifndef TESTKIT_MOCK_API_SCOPES_H
#define TESTKIT_MOCK_API_SCOPES_H

/* All of them and "*", which means all (SCOPE-007); NULL at the end. */
extern const char *const scope_names[];

#endif
