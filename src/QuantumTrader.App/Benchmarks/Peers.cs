using System.Diagnostics;
using System.Globalization;

namespace QuantumTrader.App.Benchmarks;

/// <summary>Programs in Python that do the same work with Debian's own libraries.</summary>
internal static class Peers
{
    private const int Timeout = 60_000;

    /// <summary>The rate that a script prints; 0 when it cannot run here, after saying why on standard error.</summary>
    public static double Run(string script, params int[] arguments)
    {
        var python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        using var process = Process.Start(new ProcessStartInfo(python, [Find(script), .. arguments.Select(a => a.ToString(CultureInfo.InvariantCulture))]) { RedirectStandardOutput = true, RedirectStandardError = true });
        var error = process!.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(Timeout);
        if (double.TryParse(output, CultureInfo.InvariantCulture, out var rate))
        {
            return rate;
        }

        Console.Error.WriteLine($"{script} did not run (Debian: apt install python3-zmq): {error.Result.Trim().Split('\n')[^1]}");
        return 0;
    }

    private static string Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var script = Path.Combine(folder.FullName, "tests", "Benchmarks", "peers", name);
            if (File.Exists(script))
            {
                return script;
            }
        }

        return Path.Combine("tests", "Benchmarks", "peers", name);
    }
}
