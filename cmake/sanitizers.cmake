# TESTKIT_SANITIZE: "address,undefined", "thread" or empty; set by the presets.
set(TESTKIT_SANITIZE "" CACHE STRING "Sanitizers for every target, comma separated")
option(TESTKIT_FUZZ "Build the libFuzzer targets (needs Clang)" OFF)

if(TESTKIT_SANITIZE)
  add_compile_options(-fsanitize=${TESTKIT_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${TESTKIT_SANITIZE})
endif()
if(TESTKIT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
