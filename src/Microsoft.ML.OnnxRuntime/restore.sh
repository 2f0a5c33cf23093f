#!/usr/bin/env bash
# Fetches ONNX Runtime (its official C# sources and its native library for linux-x64) from the npm package pinned in
# package-lock.json into .qt/native, and keeps a copy in the user's cache for the next clone. Does nothing the second time.
# It lies outside all project folders, because a project takes every .cs file below it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$root/.qt/native
pin=$(sha256sum "$here/package-lock.json" | cut -c1-16)
cache=${XDG_CACHE_HOME:-${HOME:-$root/.qt}/.cache}/quantumtrader/onnxruntime-$pin
package=com.github.asus4.onnxruntime
version=$(sed -n 's/.*"'"$package"'": "\(.*\)".*/\1/p' "$here/package.json")

is_whole() { [[ -f $1/pin && $(< "$1/pin") == "$pin" && -f $1/libonnxruntime.so && -d $1/Runtime ]]; }

is_whole "$target" && exit 0

mkdir -p "$root/.qt"
work=$(mktemp -d "$root/.qt/native.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Puts a finished folder in place in one step, so that nobody ever sees half of it. Whoever comes second keeps the first one's.
publish() { # from, to
  is_whole "$2" && return 0
  rm -rf "$2"
  mv -T "$1" "$2" 2> "$work/mv.log" || is_whole "$2" || { cat "$work/mv.log" >&2; return 1; }
}

install() { (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); }

if is_whole "$cache"; then
  echo "ONNX Runtime: copying $package $version from $cache" >&2
  cp -r "$cache" "$work/kept"
else
  if ! command -v npm > /dev/null; then
    echo "restore.sh: npm was not found; it fetches ONNX Runtime ($package $version). Install the packages nodejs and npm (Debian: apt-get install nodejs npm), then run this again." >&2
    exit 4
  fi

  echo "ONNX Runtime: installing $package $version from npm (150 MB once, about 30 MB are kept in .qt/native)" >&2
  cp "$here/package.json" "$here/package-lock.json" "$work"
  if ! install; then
    echo "ONNX Runtime: npm failed; trying once more" >&2
    install || {
      echo "restore.sh: npm ci failed twice, see its message above. Check that this machine reaches its npm registry (npm ping), then run this again." >&2
      exit 4
    }
  fi

  mkdir "$work/kept"
  mv "$work/node_modules/$package"/{Runtime,LICENSE,ThirdPartyNotices.txt} "$work/kept"
  mv "$work/node_modules/$package/Plugins/Linux/x64/libonnxruntime.so" "$work/kept"
  find "$work/kept" -name '*.meta' -delete
  echo "$pin" > "$work/kept/pin"

  # The cache only saves time: a home folder that cannot be written must not stop the build.
  if mkdir -p "$(dirname "$cache")" 2> /dev/null && cp -r "$work/kept" "$cache.$$" 2> /dev/null; then
    publish "$cache.$$" "$cache" 2> /dev/null || true
  fi
  rm -rf "$cache.$$" 2> /dev/null || true
fi

publish "$work/kept" "$target"
