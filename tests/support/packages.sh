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

# venv_install CACHE_DIR REQUIREMENTS: CACHE_DIR/venv has them.
venv_install() {
  # A venv ends with the interpreter it was made for.
  "$1/venv/bin/python" -c '' 2>/dev/null || rm -f "$1/installed"
  install_once "$1" "$2" venv_make "$1" "$2"
}
venv_make() {
  rm -rf "$1/venv" &&
    python3 -m venv "$1/venv" &&
    # A source build may take longer than the test may.
    "$1/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --only-binary :all: -r "$2"
}
