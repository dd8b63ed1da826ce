# shellcheck shell=bash
# What this machine lacks and how each thing is installed. Sourced by scripts/up and scripts/test.
# Each need is a pair of functions: missing_<need> (succeeds when it must be installed) and install_<need>.
# NEEDS is in the order of installation; plan() fills MISSING; carry_out() installs and times each step.

readonly NODE_MAJOR=24
readonly NODE_VERSION=24.21.0
readonly NERDCTL_VERSION=2.2.1
# A nerdctl release archive to take instead of building: set both (a mirror, or file:///path of an offline copy).
: "${TSUKUBE_NERDCTL_URL:=}" "${TSUKUBE_NERDCTL_SHA256:=}"

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${TSUKUBE_TOOLS:=$top/.tools}"
export TSUKUBE_TOOLS PATH="$TSUKUBE_TOOLS/bin:$PATH:/usr/sbin:/sbin"

fail() {
  printf 'tsukube: %s\n' "$*" >&2
  exit 1
}

# --- Node ---------------------------------------------------------------------------------------------------
node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || true; }

missing_node() {
  local found major
  found=$(command -v node) || return 0
  major=$(node_major "$found")
  ! [ "${major:-0}" -ge "$NODE_MAJOR" ] 2>/dev/null
}
what_node() { echo "Node $NODE_VERSION (into $TSUKUBE_TOOLS, from the npm package that ships it)"; }
install_node() {
  local arch folder
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) fail "there is no Node $NODE_VERSION package for $(uname -m): install Node $NODE_MAJOR or newer yourself and run this again" ;;
  esac
  command -v npm >/dev/null || system_install npm
  folder=$TSUKUBE_TOOLS/node.new
  rm -rf "$folder" && mkdir -p "$folder" "$TSUKUBE_TOOLS/bin"
  (cd "$folder" && npm pack --silent "node-linux-$arch@$NODE_VERSION" >/dev/null && tar -xzf ./*.tgz && rm ./*.tgz)
  rm -rf "$TSUKUBE_TOOLS/node" && mv "$folder/package" "$TSUKUBE_TOOLS/node" && rmdir "$folder"
  ln -sfn ../node/bin/node "$TSUKUBE_TOOLS/bin/node"
}

# --- npm packages -------------------------------------------------------------------------------------------
# Dependencies of the lock file; with SETUP_DEV=1 those of development too. npm notes in node_modules what it installed.
missing_packages() {
  local installed=$top/node_modules/.package-lock.json
  [ -f "$installed" ] && [ ! "$top/package-lock.json" -nt "$installed" ] || return 0
  [ "${SETUP_DEV:-0}" = 1 ] && [ ! -d "$top/node_modules/typescript" ]
}
what_packages() { echo "the npm packages of package-lock.json (into node_modules)"; }
install_packages() {
  local omit=--omit=dev
  [ "${SETUP_DEV:-0}" = 1 ] && omit=--include=dev
  command -v npm >/dev/null || system_install npm
  # No scripts: better-sqlite3 ships its binaries, yet would be compiled for minutes; the types are ours to make.
  (cd "$top" && npm ci "$omit" --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json && node scripts/api-types.ts &&
    node scripts/api-descriptions.ts --fetch)
}

# --- system packages ----------------------------------------------------------------------------------------
package_manager() {
  local name
  for name in apt-get dnf zypper pacman apk; do command -v "$name" >/dev/null && echo "$name" && return; done
  return 1
}

# Names differ little between distributions; where they do, they are mapped here.
package_name() {
  local manager=$1 need=$2
  case $need:$manager in
    cni:apt-get) echo containernetworking-plugins ;;
    cni:pacman | cni:apk | cni:zypper) echo cni-plugins ;;
    cni:dnf) echo containernetworking-plugins ;;
    conntrack:dnf | conntrack:zypper | conntrack:pacman | conntrack:apk) echo conntrack-tools ;;
    busybox:apt-get | busybox:zypper | busybox:apk) echo busybox-static ;;
    iproute:apt-get | iproute:zypper | iproute:pacman | iproute:apk) echo iproute2 ;;
    mount:dnf | mount:zypper | mount:pacman | mount:apk) echo util-linux ;;
    script:apt-get) echo bsdutils ;;
    script:dnf) echo /usr/bin/script ;; # util-linux, or util-linux-script where it was split off: dnf finds the package of a file
    script:zypper | script:pacman | script:apk) echo util-linux ;;
    npm:apt-get) echo npm ;;
    npm:dnf) echo nodejs-npm ;;
    npm:zypper) echo npm-default ;;
    golang:apt-get) echo golang-go ;;
    golang:pacman | golang:apk | golang:zypper) echo go ;;
    *) echo "$need" ;;
  esac
}

system_install() {
  local manager names=() need
  manager=$(package_manager) || fail "no package manager that I know (apt-get, dnf, zypper, pacman, apk): install $* yourself and run this again"
  for need in "$@"; do names+=("$(package_name "$manager" "$need")"); done
  case $manager in
    apt-get)
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${names[@]}" ||
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${names[@]}"; }
      ;;
    dnf) dnf install -y "${names[@]}" ;;
    zypper) zypper --non-interactive install "${names[@]}" ;;
    pacman) pacman -S --noconfirm --needed "${names[@]}" ;;
    apk) apk add "${names[@]}" ;;
  esac
}

CNI_FOLDERS="/opt/cni/bin /usr/lib/cni /usr/libexec/cni /usr/lib/cni-plugins"
missing_cni_plugins() {
  local folder
  for folder in $CNI_FOLDERS; do [ -x "$folder/bridge" ] && return 1; done
  return 0
}

system_needs() {
  command -v containerd >/dev/null || echo containerd
  command -v runc >/dev/null || echo runc
  missing_cni_plugins && echo cni
  command -v iptables-restore >/dev/null || echo iptables
  command -v conntrack >/dev/null || echo conntrack
  command -v ip >/dev/null || echo iproute
  command -v nsenter >/dev/null && command -v unshare >/dev/null || echo util-linux
  command -v mount >/dev/null && command -v umount >/dev/null || echo mount
  command -v script >/dev/null || echo script
  command -v mkfifo >/dev/null && command -v stty >/dev/null || echo coreutils
}
missing_system() { [ -n "$(system_needs)" ]; }
what_system() { echo "$(system_needs | paste -sd' ') (by $(package_manager || echo 'your package manager'))"; }
install_system() {
  local needs
  mapfile -t needs < <(system_needs)
  system_install "${needs[@]}"
}

# --- a static busybox, of which scripts/test-images.ts makes the stand-ins for public images ---------------------
static_busybox() {
  local file
  for file in /bin/busybox /usr/bin/busybox /bin/busybox.static /usr/bin/busybox-static; do
    # A dynamic one names its loader, and would not run in an image that has no libraries.
    if [ -x "$file" ] && ! grep -q '/ld-[a-z]' "$file"; then echo "$file" && return; fi
  done
  return 1
}
missing_busybox() { ! static_busybox >/dev/null; }
what_busybox() { echo "a static busybox, for the test images (by $(package_manager || echo 'your package manager'))"; }
install_busybox() { system_install busybox; }

# --- podman, for the tests of its driver ------------------------------------------------------------------------
missing_podman() { ! { command -v podman && command -v conmon; } >/dev/null; }
what_podman() { echo "podman, for the tests of its driver (by $(package_manager || echo 'your package manager'))"; }
install_podman() { system_install podman; }

# --- an image registry, for the tests of pulls -----------------------------------------------------------------
# Debian's package would start a service on all addresses; only its program is taken, and nothing is installed.
missing_registry() { ! command -v docker-registry >/dev/null; }
what_registry() { echo "docker-registry, for the tests of pulls (into $TSUKUBE_TOOLS, from the package of apt-get)"; }
install_registry() {
  local folder=$TSUKUBE_TOOLS/registry.new
  command -v apt-get >/dev/null ||
    fail 'the tests of pulls need the registry of the distribution project: put its program into PATH as docker-registry and run this again'
  rm -rf "$folder" && mkdir -p "$folder" "$TSUKUBE_TOOLS/bin"
  (cd "$folder" && { apt-get download docker-registry || { apt-get update && apt-get download docker-registry; }; } && dpkg-deb -x docker-registry_*.deb .)
  mv "$folder/usr/bin/docker-registry" "$TSUKUBE_TOOLS/bin/docker-registry" && rm -rf "$folder"
}

# --- images of the examples, where no registry can be reached ------------------------------------------------
# Set by the caller: where the server keeps its data. Images in its folder images/ are loaded at every start.
: "${DATA_DIR:=}"
registry_reachable() {
  [ -n "${HTTPS_PROXY:-${https_proxy:-}}" ] || timeout 3 bash -c '</dev/tcp/registry-1.docker.io/443' 2>/dev/null
}
# Only while there are none: then the folder is the user's.
missing_images() { [ -z "$(ls -A "$DATA_DIR/images" 2>/dev/null)" ] && ! registry_reachable; }
what_images() { echo "stand-ins for the images busybox, nginx and redis, since no registry can be reached (into $DATA_DIR/images)"; }
install_images() {
  static_busybox >/dev/null || system_install busybox
  (umask 077 && node "$top/scripts/test-images.ts" "$DATA_DIR/images" "$(static_busybox)")
}

# --- nerdctl ------------------------------------------------------------------------------------------------
missing_nerdctl() { ! command -v nerdctl >/dev/null; }
what_nerdctl() {
  if [ -n "$TSUKUBE_NERDCTL_URL" ]; then echo "nerdctl from $TSUKUBE_NERDCTL_URL (into $TSUKUBE_TOOLS)"
  else echo "nerdctl $NERDCTL_VERSION (built from its Go module, about 2 minutes, into $TSUKUBE_TOOLS)"; fi
}
install_nerdctl() {
  mkdir -p "$TSUKUBE_TOOLS/bin"
  if [ -n "$TSUKUBE_NERDCTL_URL" ]; then download_nerdctl; else build_nerdctl; fi
}
download_nerdctl() {
  local archive=$TSUKUBE_TOOLS/nerdctl.tar.gz
  [ -n "$TSUKUBE_NERDCTL_SHA256" ] || fail "TSUKUBE_NERDCTL_URL is set but TSUKUBE_NERDCTL_SHA256 is not: set the SHA-256 of the archive"
  case $TSUKUBE_NERDCTL_URL in
    file://*) cp "${TSUKUBE_NERDCTL_URL#file://}" "$archive" ;;
    *) if command -v curl >/dev/null; then curl -fsSL -o "$archive" "$TSUKUBE_NERDCTL_URL"; else wget -qO "$archive" "$TSUKUBE_NERDCTL_URL"; fi ;;
  esac || fail "could not get $TSUKUBE_NERDCTL_URL"
  echo "$TSUKUBE_NERDCTL_SHA256  $archive" | sha256sum --check --quiet - ||
    { rm -f "$archive"; fail "$TSUKUBE_NERDCTL_URL does not have the SHA-256 $TSUKUBE_NERDCTL_SHA256"; }
  tar -xzf "$archive" -C "$TSUKUBE_TOOLS/bin" nerdctl && rm -f "$archive"
}
build_nerdctl() {
  local go_minor
  command -v go >/dev/null || system_install golang
  go_minor=$(go env GOVERSION | sed -E 's/^go1\.([0-9]+).*/\1/')
  # From 1.21 on Go fetches by itself the toolchain that go.mod names.
  [ "$go_minor" -ge 21 ] || fail "Go 1.$go_minor is too old to build nerdctl: install Go 1.21 or newer, or nerdctl itself, or set TSUKUBE_NERDCTL_URL and TSUKUBE_NERDCTL_SHA256"
  (cd "$top/scripts/nerdctl" && GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath \
    -ldflags="-s -w -X github.com/containerd/nerdctl/v2/pkg/version.Version=v$NERDCTL_VERSION" \
    -o "$TSUKUBE_TOOLS/bin/nerdctl.new" github.com/containerd/nerdctl/v2/cmd/nerdctl)
  mv "$TSUKUBE_TOOLS/bin/nerdctl.new" "$TSUKUBE_TOOLS/bin/nerdctl"
}

# --- plan and steps -----------------------------------------------------------------------------------------
MISSING=()
plan() {
  local need
  MISSING=()
  for need in "$@"; do "missing_$need" && MISSING+=("$need"); done
  return 0
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }
seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# step TEXT COMMAND...: runs it with its output in the log, prints one line with the time it took.
step() {
  local text=$1 begin status=0
  shift
  begin=$(now_ms)
  printf '  %-64s' "$text"
  # As a job of its own: inside a condition bash would not stop at the first error.
  (set -euo pipefail; "$@") >>"$SETUP_LOG" 2>&1 &
  wait $! || status=$?
  if [ "$status" = 0 ]; then
    printf '%s\n' "$(seconds $(($(now_ms) - begin)))"
  else
    printf 'failed\n'
    tail -n 15 "$SETUP_LOG" >&2
    fail "this step failed: $text (all of its output: $SETUP_LOG)"
  fi
}

carry_out() {
  local need
  [ ${#MISSING[@]} -gt 0 ] || return 0
  echo 'tsukube will install:'
  for need in "${MISSING[@]}"; do echo "  - $("what_$need")"; done
  mkdir -p "$TSUKUBE_TOOLS"
  SETUP_LOG=$TSUKUBE_TOOLS/setup.log
  : >"$SETUP_LOG"
  for need in "${MISSING[@]}"; do step "$need" "install_$need"; done
  hash -r
  give_back
}

# What sudo made in the clone belongs to whoever called it.
give_back() {
  local folder
  [ -n "${SUDO_UID:-}" ] || return 0
  for folder in "$TSUKUBE_TOOLS" "$top/node_modules" "$top/src/api/types"; do
    [ ! -e "$folder" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$folder"
  done
}
