using System.ComponentModel;
using System.Diagnostics;
using QuantumTrader.Pipelines;

namespace QuantumTrader.ProfitDll.Native;

/// <summary>Finds the library, and builds it where it can be built.</summary>
internal static class LibraryFile
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Full path of the library; a folder with a <c>build.sh</c> is built first, which is quick when nothing changed.</summary>
    /// <exception cref="ConfigurationException">It cannot be built.</exception>
    public static string Find(string library, SectionContext files)
    {
        var path = files.Resolve(library);
        var script = Path.Combine(path, "build.sh");
        return File.Exists(script) ? Build(script) : path;
    }

    private static string Build(string script)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("bash", [script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                throw new ConfigurationException("library", $"{script} did not end within {Patience.TotalMinutes} minutes.");
            }

            return process.ExitCode == 0
                ? output.Trim()
                : throw new ConfigurationException("library", $"{script} failed: {error.Result.Trim()}") { Outside = true };
        }
        catch (Win32Exception)
        {
            throw new ConfigurationException("library", $"'{script}' needs bash, which was not found. The simulator runs on Linux and macOS; on Windows name your ProfitDLL.") { Outside = true };
        }
    }
}
