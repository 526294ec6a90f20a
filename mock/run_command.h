/* `hypeman-mock run -- COMMAND`: a mock for as long as a command runs. */
#ifndef TESTKIT_MOCK_RUN_COMMAND_H
#define TESTKIT_MOCK_RUN_COMMAND_H

/* argv starts with the command's name. Returns the exit status: COMMAND's own, or 128 and the
 * signal that killed it; as a shell 126 when it cannot be run and 127 when it is not there; 1 when
 * the mock cannot serve, 2 for a wrong command line. */
int run_command(int argc, char *const *argv);

#endif
