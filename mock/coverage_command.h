/* hypeman-mock coverage: several clients' or runs' coverage as one. */
#ifndef TESTKIT_MOCK_COVERAGE_COMMAND_H
#define TESTKIT_MOCK_COVERAGE_COMMAND_H

/* argv starts with the command's name. Returns the exit status. */
int coverage_command(int argc, char *const *argv);

#endif
