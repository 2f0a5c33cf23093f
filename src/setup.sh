# Sourced by ./qt and ./test.sh: makes sure that the .NET SDK, the ONNX Runtime and libzmq are there.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

if ! command -v dotnet >/dev/null 2>&1 && [ -x "$HOME/.dotnet/dotnet" ]; then
    export PATH="$HOME/.dotnet:$PATH"
fi
if ! command -v dotnet >/dev/null 2>&1; then
    echo "The .NET 10 SDK is missing. Install it (https://dot.net, or your distribution's package dotnet-sdk-10.0) and run this again." >&2
    exit 4
fi

if ! command -v npm >/dev/null 2>&1 && [ ! -e "$root/.qt/native" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing nodejs and npm (to fetch the ONNX Runtime) ..." >&2
    apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends nodejs npm >&2
fi
bash "$root/src/Microsoft.ML.OnnxRuntime/restore.sh" >&2

# Only pipelines with a ZeroMQ block need libzmq: without it everything else builds, runs and is tested.
packages=""
case "$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null)" in *libzmq.so.5*) ;; *) packages="libzmq5" ;; esac
for module in ${for_tests:-}; do
    /usr/bin/python3 -c "import $module" >/dev/null 2>&1 || packages="$packages python3-$module"
done
# The simulator of ProfitDLL is C, and is built by the tests that load it.
if [ -n "${for_tests:-}" ] && ! command -v "${CC:-gcc}" >/dev/null 2>&1; then
    packages="$packages gcc libc6-dev"
fi
# The metrics are scraped by a real Prometheus, and promtool runs the alert rules.
if [ -n "${for_tests:-}" ] && ! command -v promtool >/dev/null 2>&1; then
    packages="$packages prometheus"
fi
# The dashboard's pages are tested in a browser.
if [ -n "${for_tests:-}" ] && [ -z "${QT_CHROMIUM:-}" ] && ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
    packages="$packages chromium"
fi
# The dashboard's pages are tested in a browser.
if [ -n "${for_tests:-}" ] && [ -z "${QT_CHROMIUM:-}" ] && ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
    packages="$packages chromium"
fi
if [ -n "$packages" ] && [ "$(uname -s)" = Linux ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $packages (for the ZeroMQ bus, and for tests) ..." >&2
        { apt-get install -y -qq --no-install-recommends $packages || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; }; } >&2 \
            || echo "Could not install $packages; pipelines with ZeroMQ blocks will say so, and tests that need them are skipped." >&2
    else
        echo "Not installed: $packages. Pipelines with ZeroMQ blocks need libzmq5, some tests the others (Debian: sudo apt install $packages)." >&2
    fi
fi
