# Sourced by the scripts of this folder (bash): programs under measurement, load, figures.
#
# bench_begin [PROGRAMS CONTROLS]   builds the release preset with the controls unless told where they are
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/..
token='authorization: Bearer My API Key'
work=$(mktemp -d)
declare -A running=()
trap 'for pid in "${!running[@]}"; do kill "$pid" || true; done; wait; rm -rf "$work"' EXIT

bench_begin() {
  [ $# -eq 2 ] || "$root/scripts/bootstrap" --bench >&2
  local tool
  for tool in wrk h2load nghttp nghttpx curl python3; do
    command -v "$tool" >/dev/null || { echo "bench needs $tool" >&2; return 1; }
  done
  if [ $# -eq 2 ]; then
    programs=$1 controls=$2
  else
    (cd "$root" && cmake --preset release -DTESTKIT_BENCH=ON && cmake --build --preset release) >&2
    programs=$root/build/release/bin controls=$root/build/release/bench
  fi
}

# ---- processes -----------------------------------------------------------------------------------

# start_program NAME ARGS...: sets started (pid), url and all its urls.
start_program() {
  local name=$1 ready=$work/ready.json
  shift
  rm -f "$ready"
  "$programs/$name" --listen 127.0.0.1:0 --log off --ready-file "$ready" "$@" >&2 &
  started=$!
  running[$started]=
  wait_until test -e "$ready"
  mapfile -t urls < <(python3 -c 'import json, sys; print(*json.load(open(sys.argv[1]))["urls"], sep="\n")' "$ready")
  url=${urls[0]}
}

# start_control NAME ARGS...: the same for a control, which prints its port.
start_control() {
  local name=$1 port=$work/port
  shift
  rm -f "$port"
  "$controls/$name" "$@" >"$port" &
  started=$!
  running[$started]=
  wait_until test -s "$port"
  url=http://127.0.0.1:$(<"$port")
}

# stop_programs PID...: one after the other; each must end with status 0.
stop_programs() {
  local pid
  for pid in "$@"; do
    unset "running[$pid]"
    kill "$pid"
    wait "$pid" || { echo "a program ended with status $?" >&2; return 1; }
  done
}

wait_until() {
  for ((tries = 0; tries < 200; tries++)); do
    "$@" && return 0
    kill -0 "$started" 2>/dev/null || break
    sleep 0.05
  done
  echo "it did not start to serve" >&2
  return 1
}

# CPU time of a process in microseconds.
cpu_us() {
  awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%d\n", ($12 + $13) * 1e6 / hz }' \
    "/proc/$1/stat"
}

rss_mb() {
  awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"
}

# ---- load ----------------------------------------------------------------------------------------

grpc_headers=(-H 'content-type: application/grpc' -H 'te: trailers' -H "$token")

# grpc_load URL CALLS: that many GetSnapshot calls, all of which must be answered.
grpc_load() {
  h2load -n "$2" -c 8 -m 16 -t 1 -d "$work/call.bin" "${grpc_headers[@]}" -H 'grpc-timeout: 10S' \
    "$1/hypeman.v1.SnapshotService/GetSnapshot" >"$work/h2load"
  grep -q "^status codes: $2 2xx" "$work/h2load" || { cat "$work/h2load" >&2; return 1; }
}

# What /metrics calls the calls that ended well.
served='grpc_server_handled_total{grpc_type="unary",grpc_service="hypeman.v1.SnapshotService",'
served+='grpc_method="GetSnapshot",grpc_code="OK"}'

# metric ADMIN_URL NAME: the sum of the samples that begin so.
metric() {
  curl -sS --fail "$1/metrics" |
    awk -v name="$2" 'index($0, name) == 1 { sum += $NF } END { printf "%.0f\n", sum }'
}

# check_grpc URL REPLY_FILE: h2load sees only :status, so one call shows how they end.
check_grpc() {
  local call=("$1/hypeman.v1.SnapshotService/GetSnapshot" -d "$work/call.bin"
    -H ':method: POST' "${grpc_headers[@]}")
  nghttp -v --no-dep "${call[@]}" | grep -a 'grpc-status: 0' >/dev/null
  nghttp --no-dep "${call[@]}" >"$work/reply.bin"
  python3 "$here/probe.py" unframe "$work/reply.bin" >"$2"
}

# ---- figures -------------------------------------------------------------------------------------

# note FIGURE VALUE: one measurement of a figure.
note() {
  echo "$2" >>"$work/figure.$1"
}

divide() {
  awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", a / b }'
}

# row TITLE FIGURE [<=|>= BAR]: median and range of what was noted; nothing when nothing was.
row() {
  [ -e "$work/figure.$2" ] || return 0
  sort -g "$work/figure.$2" | awk -v title="$1" -v op="${3:-}" -v bar="${4:-}" '
    { v[NR] = $1 }
    function show(x) {
      return sprintf(x < 1 ? "%.3f" : x < 10 ? "%.2f" : x < 1000 ? "%.1f" : "%.0f", x)
    }
    END {
      m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
      verdict = op == "" ? "" : (op == "<=" ? m <= bar : m >= bar) ? "OK" : "MISS"
      printf "%-52s %8s  %17s  %8s  %s\n", title, show(m), show(v[1]) " - " show(v[NR]),
        op == "" ? "" : op " " bar, verdict
    }'
}
