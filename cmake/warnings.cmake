# Applied to our own targets only; generated code gets none of it.
add_library(testkit_warnings INTERFACE)
target_compile_options(testkit_warnings INTERFACE
  -Wall -Wextra -Werror -Wconversion -Wshadow -Wundef -Wformat=2 -Wvla
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches>
  $<$<C_COMPILER_ID:Clang>:-Wno-gnu-statement-expression -Wno-missing-braces>)
