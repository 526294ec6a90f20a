/* `hypeman-mock mint-token`: prints a token for --auth jwt. */
#ifndef TESTKIT_MOCK_MINT_COMMAND_H
#define TESTKIT_MOCK_MINT_COMMAND_H

/* argv starts with the command's name. Returns the exit status: 0, 1 when it cannot print, 2 for a
 * wrong command line. */
int mint_command(int argc, char *const *argv);

#endif
