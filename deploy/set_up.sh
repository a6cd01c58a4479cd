#!/bin/sh
# Set up this checkout: deploy/set_up.sh run|test
#
# `run` installs what the services need, `test` also what their tests and checks need, both from requirements.lock
# with every hash verified. All of it goes into .venv and, where no uv is at hand, .tools.
set -eu
cd "$(dirname "$0")/.."

OLDEST_UV="0.8"
MEMBERS="-e shared -e services/forms -e services/lifecycle -e services/mail-intake -e services/notify"
export UV_PYTHON_DOWNLOADS=never

main() {
    case "${1:-}" in run | test) ;; *) fail "usage: deploy/set_up.sh run|test" ;; esac
    python=$(find_python) || fail "clew needs Python 3.11 or newer as python3 (or name one: make PYTHON=/path/to/python3)."
    uv=$(find_uv) || { install_uv && uv=.tools/bin/uv; }
    if ! works .venv/bin/python; then
        say "making .venv with $("$python" --version)"
        "$uv" venv --quiet --clear --python "$python" .venv
    fi
    say "installing the locked dependencies"
    # The lock pins and verifies; the members name what they need of it, so that `run` gets no test tools.
    # shellcheck disable=SC2086
    "$uv" pip install --quiet --python .venv/bin/python -b deploy/tools.txt -c requirements.lock $MEMBERS
    if [ "$1" = test ]; then
        "$uv" pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
    fi
}

find_python() {
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if works "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

works() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_uv() {
    for candidate in uv .tools/bin/uv; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$("$candidate" --version 2>/dev/null)"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

is_new_enough() {
    "$python" - "$1" "$OLDEST_UV" <<'PYTHON'
import re, sys
found, oldest = (tuple(map(int, re.findall(r"\d+", text)[:2])) for text in sys.argv[1:])
sys.exit(found < oldest)
PYTHON
}

install_uv() {
    say "installing uv into .tools"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_venv
    "$python" -m venv --clear .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/tools.txt
}

install_venv() {
    package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
        fail "$python cannot make virtual environments. Install the package $package (sudo apt-get install $package)," \
            "or put uv on the PATH (https://docs.astral.sh/uv/)."
    fi
    say "installing $package, without which $python cannot make virtual environments"
    deploy/apt_install.sh "$package"
}

say() { echo "clew: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

main "$@"
