#!/usr/bin/env bash
# Builds the simulator unless it is newer than its sources, and prints the path of the library.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
library="$here/bin/libprofitsimulator.so"
newest="$(ls -t "$here"/*.c "$here"/*.h "$here/build.sh" "$library" 2>/dev/null | head -1 || true)"
if [ "$newest" != "$library" ]; then
    compiler="${CC:-gcc}"
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "The simulator of ProfitDLL needs a C compiler. Install one (Debian and Ubuntu: apt install gcc libc6-dev), or name it in CC." >&2
        exit 4
    fi
    mkdir -p "$here/bin"
    # Under another name first, so that two builds at once never leave half a library.
    "$compiler" -std=gnu17 -O2 -g -Wall -Wextra -Werror -Wno-cast-function-type -fPIC -fvisibility=hidden -shared -pthread "$here"/*.c -lm -o "$library.$$"
    mv -f "$library.$$" "$library"
fi
echo "$library"
