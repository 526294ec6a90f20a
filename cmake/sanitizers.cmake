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

# C-core, libcurl and abseil are Debian's builds, which ThreadSanitizer cannot see into: their own
# locks and atomics look like none. So only what our code does counts; the hand-overs through
# C-core are told to it in gateway/rpc/tsan.h.
set(TESTKIT_TEST_ENVIRONMENT "")
if(TESTKIT_SANITIZE MATCHES thread)
  set(TESTKIT_TEST_ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")
endif()
