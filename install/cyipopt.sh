#!/bin/sh
# Build cyipopt against the Ipopt library that the casadi wheel ships, so that pip alone brings a solver.
# usage: install/cyipopt.sh PYTHON BUILD_FOLDER [WHAT PIP INSTALLS: -r requirements/solver.txt for the pinned one]
set -eu
python=$1
build=$2
shift 2
[ $# -gt 0 ] || set -- 'cyipopt>=1.7'

if "$python" -c 'import cyipopt' 2>/dev/null; then exit 0; fi
command -v "${CC:-cc}" >/dev/null || { echo "no C compiler: install the Debian package gcc (and libc6-dev)" >&2; exit 1; }
command -v pkg-config >/dev/null || { echo "no pkg-config: install the Debian package pkg-config" >&2; exit 1; }
"$python" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' ||
    { echo "no Python headers: install the Debian package python3-dev" >&2; exit 1; }

casadi=$("$python" -c 'import casadi, os; print(os.path.dirname(os.path.abspath(casadi.__file__)))')
mkdir -p "$build/pkgconfig"
# The wheel's own ipopt.pc names the folder in which it was built, and its libraries stand beside the package.
sed -e "s|^prefix=.*|prefix=$casadi|" -e 's|^libdir=.*|libdir=${prefix}|' \
    "$casadi/pkgconfig/ipopt.pc" >"$build/pkgconfig/ipopt.pc"

# cyipopt's extension stands in its own folder since 1.7, beside casadi's before. A cached wheel of another
# environment may lack the path, so none is used.
PKG_CONFIG_PATH=$(cd "$build/pkgconfig" && pwd) \
LDFLAGS='-Wl,-rpath,$ORIGIN/../casadi:$ORIGIN/casadi' \
    "$python" -m pip install --quiet --no-cache-dir --no-deps --no-binary cyipopt "$@"
"$python" -c 'import cyipopt' || { echo "cyipopt was built but can't be imported" >&2; exit 1; }
