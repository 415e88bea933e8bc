#!/bin/bash
# install-packages.sh "PACKAGES" "SERVICES": installs Debian packages, as root, without questions. Services that come with
# them are neither started now (policy-rc.d, only while this runs and only if the machine has none) nor, for those named,
# at boot. The server runs a PostgreSQL of its own, so Debian's is kept from making a cluster.
set -euo pipefail
umask 022 # what is installed is for every user of the machine, whatever the caller's umask
read -ra packages <<<"$1"
read -ra services <<<"${2:-}"
export DEBIAN_FRONTEND=noninteractive
export PATH="$PATH:/usr/sbin:/sbin"
policy=/usr/sbin/policy-rc.d
createcluster=/etc/postgresql-common/createcluster.conf
log="$(mktemp)"

cleanup() {
    rm -f "$log"
    if [ "${made_policy:-}" = yes ]; then rm -f "$policy"; fi
}
trap cleanup EXIT

if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

apt() {
    if ! apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
        tail -30 "$log"
        return 1
    fi
}

if [[ " $1 " == *" postgresql "* ]] && [ ! -e "$createcluster" ]; then
    echo "dev: writing $createcluster: no default cluster is made"
    mkdir -p "${createcluster%/*}"
    echo 'create_main_cluster = false' >"$createcluster"
fi

apt update
apt install -y --no-install-recommends "${packages[@]}"

if [ "${#services[@]}" -gt 0 ] && command -v systemctl >/dev/null; then
    systemctl --quiet disable "${services[@]}" 2>/dev/null || true
fi
