/* `hypeman-mock truth`: prints where the two truths differ, and the limits of the mock. */
#ifndef TESTKIT_MOCK_TRUTH_COMMAND_H
#define TESTKIT_MOCK_TRUTH_COMMAND_H

/* argv starts with "truth". Returns the exit status: 0, 1 when the output cannot be written, 2 for
 * a wrong command line. */
int truth_command(int argc, char *const *argv);

#endif
