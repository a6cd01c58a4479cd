#!/bin/sh
# Install the Debian packages that some tests drive: a browser, and mail programs that are not ours. Where that is not
# possible, name them; the tests that need them skip and say so.
set -eu
cd "$(dirname "$0")/.."

missing=""
want() { # PROGRAM PACKAGE
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

want chromium chromium
want dovecot dovecot-imapd
want swaks swaks
want postfix postfix
want openssl openssl
want gpg gnupg
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "clew: installing for the tests:$missing" >&2
    # One by one: Ubuntu has no chromium package, which must not cost us the others.
    for package in $missing; do
        deploy/apt_install.sh "$package" || echo "clew: $package cannot be installed; the tests that need it skip" >&2
    done
else
    echo "clew: not installed:$missing. The tests that need them skip; to run them all:" >&2
    echo "clew:     sudo apt-get install$missing" >&2
fi
