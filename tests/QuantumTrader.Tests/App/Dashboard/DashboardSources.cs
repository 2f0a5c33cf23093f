using System.Diagnostics;
using System.Security.Cryptography;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>The dashboard's sources with what they need from npm, in a folder beside the build; nothing is installed a second time.</summary>
internal static class DashboardSources
{
    public static string Folder { get; } = Path.Combine(Qt.Root, "src", "QuantumTrader.App", "Dashboard");

    private static readonly Lazy<string> Installed = new(Install);

    /// <summary>The folder that npm has filled.</summary>
    public static string Modules => Path.Combine(Installed.Value, "node_modules");

    /// <summary>Builds the sources of now, and returns the folder of what came out.</summary>
    public static string Build(string into)
    {
        var work = Installed.Value;
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Where(f => !Path.GetRelativePath(Folder, f).Split('/')[0].StartsWith("node_modules", StringComparison.Ordinal)))
        {
            var copy = Path.Combine(into, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        Directory.Delete(Path.Combine(into, "dist"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(into, "node_modules"), Path.Combine(work, "node_modules"));
        Run(into, "npm", "run", "build");
        return Path.Combine(into, "dist");
    }

    private static string Install()
    {
        var pin = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Folder, "package-lock.json"))).AsSpan(0, 8));
        var folder = Path.Combine(Qt.Root, ".qt", $"dashboard-{pin}");
        if (!Directory.Exists(folder))
        {
            // Named only when it is whole: a broken-off one is made anew.
            var work = $"{folder}.{Environment.ProcessId}";
            Directory.CreateDirectory(work);
            File.Copy(Path.Combine(Folder, "package.json"), Path.Combine(work, "package.json"), overwrite: true);
            File.Copy(Path.Combine(Folder, "package-lock.json"), Path.Combine(work, "package-lock.json"), overwrite: true);
            Run(work, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
            Directory.Move(work, folder);
        }

        return folder;
    }

    private static void Run(string folder, string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(180_000).ShouldBeTrue($"{command} must end");
        process.ExitCode.ShouldBe(0, $"{command} {string.Join(' ', arguments)}\n{output}\n{error.Result}");
    }
}

/// <summary>A test that builds the dashboard.</summary>
internal sealed class NpmFactAttribute() : NeedingFactAttribute(
    (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "npm"))), "npm was not found: install the packages nodejs and npm (Debian: apt-get install nodejs npm)");
