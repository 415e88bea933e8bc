#!/bin/bash
# Provides libmicrohttpd 1.0.1 or later where the system has none: builds it once, static and small, from the source
# package of the next Debian release, into ${XDG_CACHE_HOME:-~/.cache}/segreteria/libmicrohttpd-<version>.
#
# The source comes from where this machine gets its Debian packages from: its own apt sources, moved to the next release,
# in a temporary apt configuration with its own lists. apt checks the signatures with the machine's own keyrings. Nothing
# of the system's apt state changes, and no rights are needed.
set -euo pipefail

minimum=1.0.1
cache="${XDG_CACHE_HOME:-$HOME/.cache}/segreteria"
here="$(cd "$(dirname "$0")" && pwd)"

# No TLS (a proxy's work), no form parser, no digest or basic authentication, no cookies, no upgrade: less to attack.
options=(--disable-shared --enable-static --with-pic --disable-dependency-tracking --enable-epoll=yes
    --with-threads=posix --disable-doc --disable-examples --disable-tools --disable-curl --disable-https --without-gnutls
    --disable-postprocessor --disable-bauth --disable-dauth --disable-httpupgrade --disable-cookie)
cflags="-O2 -g1 -fPIC -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2"
recipe="$(cc -dumpmachine) ${options[*]} $cflags"

built() {
    local stamp
    for stamp in "$cache"/libmicrohttpd-*/.recipe; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$recipe" ] && return 0
    done
    return 1
}

fail() {
    echo "libmicrohttpd: $*" >&2
    exit 1
}

# The sources of this Debian release moved to the next one, in $1/sources.list.d, and the options for apt-get in $1/apt.conf.
configure_apt() {
    local codename list parts following
    # shellcheck disable=SC1091
    codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
    case "$codename" in
    bookworm) following=trixie ;;
    *) fail "version $minimum or later is not installed, and Debian '$codename' is not one this script knows" ;;
    esac
    eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    mkdir -p "$1"/{sources.list.d,lists/partial,cache/archives/partial,download}
    python3 "$here/next_release_sources.py" "$codename" "$following" "$list" "$parts"*.list "$parts"*.sources \
        >"$1/sources.list.d/next.sources"
    [ -s "$1/sources.list.d/next.sources" ] || fail "found no apt source for Debian $codename on this machine"
    cat >"$1/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/sources.list.d";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
}

download() {
    # apt drops root for downloads; what it writes must then be open to its own user.
    if [ "$(id -u)" = 0 ] && id _apt >/dev/null 2>&1; then
        chmod 755 "$1"
        chown -R _apt "$1/lists/partial" "$1/cache" "$1/download"
    fi
    # An update may fail for one suite of several (no -security at some mirrors); what counts is the source itself.
    apt-get -q -c "$1/apt.conf" update || true
    (cd "$1/download" && apt-get -q -c "$1/apt.conf" source --download-only libmicrohttpd)
}

build() {
    local work version prefix
    work="$1"
    configure_apt "$work"
    download "$work"
    dpkg-source -x "$work"/download/*.dsc "$work/source"
    version="$(dpkg-parsechangelog -l "$work/source/debian/changelog" -S Version)"
    dpkg --compare-versions "$version" ge "$minimum" || fail "the next Debian release has only $version"
    version="${version%-*}"
    prefix="$cache/libmicrohttpd-$version"
    mkdir "$work/build"
    cd "$work/build"
    ../source/configure --prefix="$prefix" "${options[@]}" CFLAGS="$cflags"
    make -j"$(nproc)" -C src/include
    make -j"$(nproc)" -C src/microhttpd libmicrohttpd.la
    make -C src/include DESTDIR="$work/root" install-data
    make -C src/microhttpd DESTDIR="$work/root" install-libLTLIBRARIES
    make DESTDIR="$work/root" install-pkgconfigDATA
    install -m 644 -D ../source/COPYING "$work/root$prefix/COPYING"
    printf '%s' "$recipe" >"$work/root$prefix/.recipe"
    rm -rf "$prefix"
    mv "$work/root$prefix" "$prefix"
}

main() {
    local status
    pkg-config --atleast-version=$minimum libmicrohttpd 2>/dev/null && return
    built && return
    mkdir -p "$cache"
    exec 9>"$cache/libmicrohttpd.lock"
    flock 9
    built && return # another run made it meanwhile
    echo "libmicrohttpd $minimum or later: building it once, into $cache"
    work="$(mktemp -d "${TMPDIR:-/tmp}/libmicrohttpd.XXXXXXXX")"
    trap 'rm -rf "$work"' EXIT
    set +e # in a condition `set -e` would not hold inside the build
    (set -e; build "$work") >"$cache/libmicrohttpd.log" 2>&1
    status=$?
    set -e
    if [ "$status" != 0 ]; then
        tail -20 "$cache/libmicrohttpd.log" >&2
        fail "the build failed; all of its output is in $cache/libmicrohttpd.log"
    fi
}

main
