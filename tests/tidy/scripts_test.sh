#!/bin/sh
# Every shell script of the tree passes shellcheck.
set -eu
if ! command -v shellcheck >/dev/null; then
    echo "SKIPPED: shellcheck is not installed"
    exit 77
fi
git ls-files -co --exclude-standard -- dev .ci/run '*.sh' etc/completion 'debian/retaind.p*' | sort -u |
    while read -r script; do
        [ -e "$script" ] || continue
        echo "$script"
        shellcheck "$script"
    done
