#!/bin/sh
# Sets up what `make demo` and `make test` need, once: scripts/setup.sh demo|test
#
#   .venv/             Python packages (pip)
#   system packages    where apt-get and root (or sudo without a password) are there; the demo does without:
#                      the compilers then come out of the ziglang wheel
set -eu
what=${1:?usage: scripts/setup.sh demo|test}
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.ready-$what
want=$(cat pyproject.toml scripts/setup.sh | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi

say() { printf '\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

updated=no
apt_get() { # apt_get PACKAGE...: installs what is missing; returns 1 where that is impossible
    command -v apt-get >/dev/null 2>&1 || return 1
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "apt-get install$missing"
    if [ $updated = no ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null 2>&1 || return 1
        updated=yes
    fi
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null || return 1
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

python=$(find_python) || { apt_get python3 python3-venv && python=$(find_python); } || {
    echo "error: no Python 3.11, 3.12 or 3.13 found; install one, or say where it is: make PYTHON=/path/to/python $what" >&2
    exit 6
}

# The compilers of the real boards' kind, QEMU as a second opinion. Without them: zig, and tests that need QEMU skip.
apt_get gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi ||
    say "no gcc-arm-none-eabi by apt-get: the compiler of the ziglang wheel will be used"
if [ "$what" = test ]; then
    for package in qemu-system-arm clang chromium; do
        apt_get "$package" || say "no $package by apt-get: the tests that need it will skip"
    done
fi

if ! [ -x $venv/bin/python ] || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf $venv
    if ! "$python" -m venv $venv >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        rm -rf $venv
        apt_get "$version-venv" && "$python" -m venv $venv || {
            echo "error: $python cannot make a virtual environment; install the package $version-venv" >&2
            exit 6
        }
    fi
fi

say "pip install (TensorFlow included: some minutes the first time)"
log=$venv/pip.log
pip() { # what pip says is kept, and shown when it fails
    $venv/bin/python -m pip --disable-pip-version-check "$@" >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        echo "error: pip $1 failed; the whole log is $log" >&2
        exit 6
    }
}
pip install --upgrade 'pip>=25.1'
if [ "$what" = test ]; then
    pip install -e '.[all]' --group dev
else
    pip install -e '.[all]'
fi
printf '%s' "$want" >"$stamp"
