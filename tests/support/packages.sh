# Sourced by test scripts (bash, after require.sh): packages from a registry, kept between runs.

# install_once CACHE_DIR PINS COMMAND...: runs COMMAND, which puts packages into CACHE_DIR, unless
# it was done before for the same PINS file. So only the first run needs the network.
install_once() {
  local cache=$1 pins=$2
  shift 2
  mkdir -p "$cache"
  (
    flock 9 # two builds may share the cache
    cmp -s "$pins" "$cache/installed" && exit 0
    "$@" 9>&- && cp "$pins" "$cache/installed"
  ) 9>"$cache/lock" || unmet "packages of $pins could not be installed"
}
