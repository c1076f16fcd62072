#!/bin/sh
# Sets everything up: .venv, .env, the Temporal CLI. Runs again in a moment, and then changes nothing.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"

serves() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }

if [ -n "${PYTHON:-}" ]; then
    serves "$PYTHON" || { echo "PYTHON=$PYTHON is not a Python 3.11 to 3.14." >&2; exit 1; }
    exec "$PYTHON" -m bootstrap "$@"
fi
for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if serves "$name"; then
        exec "$name" -m bootstrap "$@"
    fi
done
echo "Python 3.11 to 3.14 is needed and was not found." >&2
echo "Debian, Ubuntu: apt install python3 python3-venv. macOS: brew install python. Or set PYTHON to its path." >&2
exit 1
