# Sourced by test scripts (sh or bash): what to do about a tool that is not here.
#
# In CI (CI=true) everything must be there, so the test fails. Elsewhere it is skipped with exit
# status 77, which ctest shows as "Skipped".

# unmet "node not found": ends the test because of it.
unmet() {
  if [ "${CI:-}" = true ]; then
    echo "MISSING: $1" >&2
    exit 1
  fi
  echo "SKIP: $1"
  exit 77
}

# require TOOL...: goes on only if all of them can be run.
require() {
  for require_tool in "$@"; do
    command -v "$require_tool" >/dev/null 2>&1 || require_missing="${require_missing:-}$require_tool "
  done
  [ -z "${require_missing:-}" ] || unmet "${require_missing}not found"
}
