#!/bin/sh
# Install Debian packages without a question, and without starting the services that they bring: apt_install.sh PACKAGE...
set -eu

POLICY=/usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive

install() { apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

if [ ! -e "$POLICY" ]; then
    # 101: "do not". The machine's own policy, where it has one, stands.
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
    trap 'rm -f "$POLICY"' EXIT
fi
# A fresh container knows no packages yet, an old one may know versions that are gone.
install "$@" 2>/dev/null || { apt-get update -qq && install "$@"; }
