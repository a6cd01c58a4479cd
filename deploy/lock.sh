#!/bin/sh
# Write requirements.lock and deploy/tools.txt from what the members ask for, keeping the pins that still fit.
# `lock.sh --check` writes nothing and fails when they are out of step. `UPGRADE=1 lock.sh` takes the newest of all.
set -eu
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .tools/bin/uv)
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT

compile() { # TARGET SOURCE...
    target=$1
    shift
    # The pins are read from the file that is written.
    [ ! -e "$target" ] || cp "$target" "$draft/lock.txt"
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-package clew-shared \
        --custom-compile-command "make lock" ${UPGRADE:+--upgrade} "$@" -o "$draft/lock.txt"
    if [ "$mode" = --check ]; then
        diff -u "$target" "$draft/lock.txt" || {
            echo "clew: $target is out of step; run \`make lock\`" >&2
            exit 1
        }
    else
        cp "$draft/lock.txt" "$target"
    fi
    rm "$draft/lock.txt"
}

mode=${1:-write}
compile requirements.lock --all-extras --group pyproject.toml:dev shared/pyproject.toml services/*/pyproject.toml
compile deploy/tools.txt deploy/tools.in
