#!/bin/sh
# The two commands of the README on a Debian that has nothing but git: bare_root.sh [COMMAND...]
#
# Makes a minimal Debian in a temporary folder, from the mirrors of this machine, clones the last commit into it and
# runs "./dev demo --once" and "./dev test" there (or the commands given, one per argument). Exits with what the first
# failing one says. Needs root, mmdebstrap and about 4 GB. Mounts and processes live in namespaces of their own and end
# with them.
set -eu

skip() {
    echo "SKIPPED: $*"
    exit 77
}
[ "$(id -u)" -eq 0 ] || skip "only root can make a root"
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"

tree=$(cd "$(dirname "$0")/../.." && pwd)
[ "$#" -gt 0 ] || set -- "./dev demo --once" "./dev test"
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/retaind-bare.XXXXXX")
trap 'rm -rf --one-file-system "$scratch"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$scratch"
root=$scratch/root

# Mirrors and proxy as on this machine.
# shellcheck disable=SC2016  # apt-get expands them
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' "Created-By: Packages" |
    awk -v codename="$codename" '$2 ~ "^" codename && $3 == "main" { print "deb", $1, $2, $3 }' |
    sort -u >"$scratch/mirrors.list"
apt-config dump | grep -E '^Acquire::(http|https)::' >"$scratch/proxy" || true

echo "==> Making a bare $codename from"
cat "$scratch/mirrors.list"
mmdebstrap --quiet --variant=minbase --include=git,ca-certificates --aptopt="$scratch/proxy" \
    "$codename" "$root" "$scratch/mirrors.list"
cp "$scratch/proxy" "$root/etc/apt/apt.conf.d/99proxy"
if [ -d /usr/local/share/ca-certificates ]; then
    cp -R /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >/dev/null 2>&1
fi

[ -z "$(git -C "$tree" status --porcelain)" ] || echo "==> Not committed, so not in the clone: see git status"
git clone --quiet --no-hardlinks "$tree" "$root/srv/retaind"

# shellcheck disable=SC2016  # expanded by the inner shell
unshare --mount --pid --fork --kill-child --propagation private sh -euc '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/dev/shm"
    for command in "$@"; do
        echo "==> $command"
        started=$(date +%s)
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            chroot "$root" sh -euc "cd /srv/retaind && $command"
        echo "==> $command: exit 0 after $(($(date +%s) - started)) s"
    done
' sh "$root" "$@"
