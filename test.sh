#!/usr/bin/env bash
# Runs all tests; the last line counts them. --all adds the slow ones.
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for_tests="zmq numpy onnx"
. "$root/src/setup.sh" || exit $?
. "$root/src/valkey.sh"
cd "$root" || exit 1

filter=(--filter "Category!=Slow")
if [ "${1:-}" = --all ]; then
    filter=()
fi

# A node that is kept alive holds the output open, and this script's caller would wait for it.
export MSBUILDDISABLENODEREUSE=1
dotnet build QuantumTrader.sln -c Release -v quiet -nologo || exit 1
results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT
dotnet test tests/QuantumTrader.Tests -c Release --no-build --nologo "${filter[@]}" --logger "trx;LogFileName=tests.trx" --logger "console;verbosity=minimal" --results-directory "$results"
status=$?

counters="$(grep -o '<Counters [^>]*' "$results/tests.trx" 2>/dev/null)"
count() { printf '%s' "$counters" | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }
passed="$(count passed)"
total="$(count total)"
failed=$(( $(count failed || echo 0) + 0 ))
if [ -z "$passed" ] || [ "$passed" = 0 ]; then
    echo "The tests did not run." >&2
    exit 1
fi
echo "$passed passed, $failed failed, $(( total - passed - failed )) skipped"
exit $status
