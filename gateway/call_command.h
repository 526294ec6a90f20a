/* `hypeman-gateway call`: one unary gRPC call from the shell, JSON in and out, by the same tables
 * the server uses. */
#ifndef TESTKIT_GATEWAY_CALL_COMMAND_H
#define TESTKIT_GATEWAY_CALL_COMMAND_H

/* argv[0] is "call". Returns the exit status: 0, 2 for a usage mistake, 1 when the call could not
 * be made, 64 + the gRPC code when it was answered with an error. */
int call_command(int argc, char *const *argv);

#endif
