/* `hypeman-mock diff BEFORE AFTER`: what differs between two exported worlds. */
#ifndef TESTKIT_MOCK_DIFF_COMMAND_H
#define TESTKIT_MOCK_DIFF_COMMAND_H

/* argv starts with "diff". Returns the exit status, as diff(1): 0 when nothing differs, 1 when
 * something does, 2 for a wrong command line, a file that is no export, or no memory. */
int diff_command(int argc, char *const *argv);

#endif
