#!/bin/sh
# Installs facecue on this computer, brings a newer version, or goes back to the one before:
#   sudo deploy/install.sh [PACKAGE.deb]     install or upgrade; without a package one is built from this clone
#   sudo deploy/install.sh --rollback        the version that was there before the last upgrade
#   sudo deploy/install.sh --purge           remove it, settings and all
# Raspberry Pi OS and Debian, Bookworm and Trixie, 64 bit. Settings are kept by an upgrade and by going back.
set -eu

keep=/var/cache/facecue-packages

say() {
    printf '%s\n' "$*" >&2
}

stop() {
    say "$@"
    exit 2
}

# Debian's name of this release; Raspberry Pi OS has the same.
codename() {
    sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null
}

# install_package FILE: with what it depends on; an older version is welcome too.
install_package() {
    # apt takes a package that is a file only by a path.
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold \
        --allow-downgrades --no-install-recommends install "$(realpath -- "$1")"
}

# remember FILE: what is installed now is what a rollback goes back to.
remember() {
    mkdir -p "$keep"
    if [ -e "$keep/current.deb" ] && ! cmp -s "$1" "$keep/current.deb"; then
        mv -f "$keep/current.deb" "$keep/previous.deb"
    fi
    cp -- "$1" "$keep/current.deb"
}

# hear: whether it works, in words; the user may not see a log.
hear() {
    for _ in $(seq 60); do
        [ "$(systemctl is-active facecue)" != active ] || break
        sleep 1
    done
    systemctl is-active --quiet facecue ||
        stop "facecue is installed but does not run: facecue doctor says what is wrong."
    say "facecue runs: $(systemctl show facecue -p StatusText --value)."
    say "Settings: /etc/facecue/facecue.toml. What works and what does not: facecue doctor"
}

[ "$(id -u)" -eq 0 ] || stop "This installs a package, which needs root: sudo $0 $*"
release=$(codename)
case $release in
bookworm | trixie) ;;
*) stop "There are packages for Debian and Raspberry Pi OS, Bookworm and Trixie, and this is ${release:-another system}." ;;
esac
case $(dpkg --print-architecture) in
amd64 | arm64) ;;
*) stop "facecue needs a 64-bit system, and this one is $(dpkg --print-architecture):" \
    "install the 64-bit Raspberry Pi OS." ;;
esac

case ${1:-} in
--rollback)
    [ -e "$keep/previous.deb" ] || stop "There is no version before this one to go back to."
    mv "$keep/previous.deb" "$keep/next.deb"
    install_package "$keep/next.deb"
    mv -f "$keep/current.deb" "$keep/previous.deb"
    mv "$keep/next.deb" "$keep/current.deb"
    ;;
--purge)
    DEBIAN_FRONTEND=noninteractive apt-get -q -y purge facecue
    rm -rf "$keep"
    exit
    ;;
-*) stop "This is not understood: $1. See the head of $0." ;;
*)
    package=${1:-}
    if [ -z "$package" ]; then
        built=$(mktemp -d)
        trap 'rm -rf "$built"' EXIT
        package=$("$(dirname -- "$0")/../scripts/build-deb" "$release" -o "$built")
    fi
    [ -f "$package" ] || stop "There is no file $package."
    [ "$(dpkg-deb -f "$package" Package 2>/dev/null)" = facecue ] || stop "$package is no package of facecue."
    apt-get -q update || say "Without the network only what is installed already can be depended on."
    install_package "$package"
    remember "$package"
    ;;
esac
[ ! -d /run/systemd/system ] || hear
