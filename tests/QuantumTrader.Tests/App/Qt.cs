using System.Diagnostics;
using QuantumTrader.App.Benchmarks;

namespace QuantumTrader.Tests.App;

/// <summary>Runs the real command in a process of its own.</summary>
internal static class Qt
{
    public static string Root { get; } = Repository.Find() ?? throw new DirectoryNotFoundException("the repository was not found above the tests");

    public static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(120_000).ShouldBeTrue("the command must end");
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>Starts the command; the caller reads what it prints and waits for its end.</summary>
    public static Process Start(params string[] arguments) => Start([], arguments);

    /// <summary>Starts the command with further environment variables.</summary>
    public static Process Start((string Name, string Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "qt.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
