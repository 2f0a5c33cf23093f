using System.Runtime.InteropServices;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Models;

/// <summary>The native library of ONNX Runtime.</summary>
internal static class OnnxRuntimeLibrary
{
    private const string FileName = "libonnxruntime.so";

    /// <summary>Makes sure that the library can be loaded: without this, .NET's own error does not say which file is missing.</summary>
    /// <exception cref="ConfigurationException">It cannot.</exception>
    public static void Require() => Require(AppContext.BaseDirectory);

    internal static void Require(string directory)
    {
        string[] places = [Path.Combine(directory, FileName), Path.Combine(directory, "runtimes", "linux-x64", "native", FileName)];
        if (!places.Any(place => NativeLibrary.TryLoad(place, out _)))
        {
            var exists = places.FirstOrDefault(File.Exists);
            var found = exists is null ? $"was not found; looked for {string.Join(" and ", places)}" : $"at {exists} cannot be loaded: this build is for linux-x64 with glibc 2.28 or newer and libstdc++";
            throw new ConfigurationException("", $"ONNX Runtime's native library {found}. Run src/Microsoft.ML.OnnxRuntime/restore.sh and build again.") { Outside = true };
        }
    }
}
