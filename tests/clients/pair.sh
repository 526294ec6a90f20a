# Sourced by the runners (bash, after require.sh): packages, and a gateway with its own mock.

clients=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$clients/../support/packages.sh"

pair_dir=$(mktemp -d)
pair_pid=
# What the tests need to find the servers.
export PAIR_READY_FILE=$pair_dir/ready.json
trap pair_cleanup EXIT
# A folder as docs/clients.md wants it.
work=$pair_dir/work
mkdir "$work"
ln -s "$(cd "$clients/../../proto" && pwd)" "$work/proto"

# require_go: a Go as new as the pinned modules need. Debian 12 has 1.19.
require_go() {
  require go
  local version
  version=$(go env GOVERSION)
  [ "$(printf '%s\n' go1.24 "$version" | sort -V | head -n 1)" = go1.24 ] ||
    unmet "go 1.24 not found, only $version"
}

# go_in FOLDER: what Go fetches, builds and installs stays in FOLDER.
go_in() {
  export GOPATH=$1/go GOCACHE=$1/built GOBIN=$1/bin GOFLAGS=-modcacherw
  PATH=$GOBIN:$PATH
}

# npm_quietly: npm installs what is asked for, and nothing else happens.
npm_quietly() {
  export npm_config_ignore_scripts=true npm_config_audit=false npm_config_fund=false \
    npm_config_loglevel=error npm_config_update_notifier=false
}

# documented SECTION: does in $work what docs/clients.md says there, once both serve and what its
# first commands install is there.
documented() {
  [[ $(<"$PAIR_READY_FILE") =~ \"grpc://([^\"]*)\" ]]
  "$clients/documented.py" "$1" "$work" "${BASH_REMATCH[1]}"
}

# pair_start BIN_DIR: returns when both serve; PAIR_READY_FILE says where.
pair_start() {
  "$1/hypeman-gateway" --listen 127.0.0.1:0 --admin 127.0.0.1:0 --ready-file "$PAIR_READY_FILE" \
    >"$pair_dir/log" 2>&1 &
  pair_pid=$!
  for ((tries = 0; tries < 200; tries++)); do
    [ ! -e "$PAIR_READY_FILE" ] || return 0
    kill -0 "$pair_pid" 2>/dev/null || return 1 # pair_stop says the rest
    sleep 0.05
  done
  echo "hypeman-gateway was not ready within 10 seconds; it wrote:" >&2
  cat "$pair_dir/log" >&2
  return 1
}

# pair_stop: asks both to end; fails unless they do so in time and with exit status 0.
pair_stop() {
  local pid=$pair_pid status=0
  [ -n "$pid" ] || return 0
  pair_pid=
  kill -TERM "$pid" 2>/dev/null
  for ((tries = 0; tries < 200; tries++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  ! kill -0 "$pid" 2>/dev/null || kill -KILL "$pid"
  wait "$pid" || status=$?
  [ "$status" -ne 0 ] || return 0
  echo "hypeman-gateway ended with status $status; it wrote:" >&2
  cat "$pair_dir/log" >&2
  return 1
}

pair_cleanup() {
  pair_stop || true
  rm -rf "$pair_dir"
}
