using System.Diagnostics;
using System.Globalization;

namespace QuantumTrader.Tests.App;

/// <summary>A real <c>qt run</c> in a process of its own, which is under way when the constructor returns.</summary>
internal sealed class Running : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    public Running(params string[] arguments)
    {
        _process = Qt.Start(["run", .. arguments]);
        _output = _process.StandardOutput.ReadToEndAsync();
        if (arguments.Contains("--listen"))
        {
            Dashboard = new Uri(WaitForLine("Dashboard: ")["Dashboard: ".Length..]);
        }

        WaitForLine("Running ");
    }

    /// <summary>Where it listens, when it was told to.</summary>
    public Uri? Dashboard { get; }

    /// <summary>Number of its process.</summary>
    public int Id => _process.Id;

    public string WaitForLine(string start)
    {
        var before = new List<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (_process.StandardError.ReadLineAsync(deadline.Token).AsTask().Result is { } line)
        {
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return line;
            }

            before.Add(line);
        }

        Assert.Fail($"the command ended without the line '{start}': {string.Join('\n', before)}");
        return "";
    }

    public void Signal(string name) => Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit(10_000).ShouldBeTrue();

    /// <summary>Ends it at once, as <c>kill -9</c> does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit(10_000).ShouldBeTrue();
    }

    public (int Code, string Output) End()
    {
        _process.WaitForExit(60_000).ShouldBeTrue("the command must end");
        return (_process.ExitCode, _output.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
