# Sourced by ./qt and ./test.sh: makes sure that the .NET SDK and the ONNX Runtime are there.
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
