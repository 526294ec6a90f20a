/* `hypeman-mock` without a subcommand: serves until SIGTERM or SIGINT. */
#ifndef TESTKIT_MOCK_SERVE_COMMAND_H
#define TESTKIT_MOCK_SERVE_COMMAND_H

/* argv starts with the program's name. Returns the exit status: 0, 1 when it cannot serve, 2 for a
 * wrong command line. */
int serve_command(int argc, char *const *argv);

#endif
