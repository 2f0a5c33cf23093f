using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace QuantumTrader.Tests.Storage.Valkey;

/// <summary>A real valkey-server on a free loopback port, with a folder of its own; killed and removed at the end.</summary>
public sealed class ValkeyServer : IDisposable
{
    private static readonly ConcurrentDictionary<int, bool> Given = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("qt-valkey-").FullName;
    private readonly string[] _arguments;
    private Process _process;

    /// <summary>A server without a password that keeps its data over a restart.</summary>
    public ValkeyServer() : this([]) { }

    internal ValkeyServer(params string[] arguments)
    {
        _arguments = arguments;
        var tries = 0;
        do
        {
            // It ends at once when meanwhile somebody took the port, or that of the cluster's own connections, 10,000 above it.
            Port = FreePort();
            _process = Start();
        }
        while (_process.HasExited && ++tries < 5);
        _process.HasExited.ShouldBeFalse("it must start");
    }

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, "valkey-server")) && File.Exists(Path.Combine(p, "valkey-cli")));

    public int Port { get; }

    /// <summary>What valkey-cli, another program than ours, prints for a command.</summary>
    public string Cli(params string[] command)
    {
        var (code, output) = TryCli(command);
        code.ShouldBe(0, output);
        return output;
    }

    public void Flush() => Cli("FLUSHALL");

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit(10_000).ShouldBeTrue();
        _process.Dispose();
    }

    public void Restart() => (_process = Start()).HasExited.ShouldBeFalse("it must start");

    /// <summary>Stops it in its tracks: connections stay open, nobody answers.</summary>
    public void Pause() => Signal("STOP");

    public void Continue() => Signal("CONT");

    public void Dispose()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit(10_000);
        }
        catch (InvalidOperationException)
        {
            // It was killed by its test.
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A port that nobody listens at, and that was not given before: the system gives one again as soon as it is free.</summary>
    internal static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    internal static (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(30_000).ShouldBeTrue();
        return (process.ExitCode, output + error.Result);
    }

    private (int Code, string Output) TryCli(params string[] command) => Run("valkey-cli", ["-p", Port.ToString(), .. command]);

    private void Signal(string name) => Run("kill", "-" + name, _process.Id.ToString()).Code.ShouldBe(0);

    private Process Start()
    {
        string[] common = ["--port", Port.ToString(), "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--daemonize", "no", "--logfile", Path.Combine(_folder, "log")];
        var process = Process.Start(new ProcessStartInfo("valkey-server", [.. common, .. _arguments.Select(a => a.Replace("PORT", Port.ToString(), StringComparison.Ordinal))]) { RedirectStandardOutput = true })!;
        // With a password or TLS valkey-cli is refused, but refused is answered.
        var starts = _starts;
        Eventually.Holds(() => process.HasExited || (_starts = Starts()) > starts);
        return process;
    }

    private int Starts()
    {
        var log = Path.Combine(_folder, "log");
        return File.Exists(log) ? File.ReadAllText(log).Split('\n').Count(l => l.Contains("Ready to accept", StringComparison.Ordinal)) : 0;
    }

    private int _starts;
}

/// <summary>Waits for what other processes do, with a deadline.</summary>
internal static class Eventually
{
    public static void Holds(Func<bool> condition, string what = "it must come true", int seconds = 20)
    {
        var since = Stopwatch.StartNew();
        while (!condition())
        {
            since.Elapsed.TotalSeconds.ShouldBeLessThan(seconds, what);
            Task.Delay(5).Wait();
        }
    }
}

/// <summary>A test with a real server: skipped where Valkey is not installed, except on a build server, where it then fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ValkeyFactAttribute : FactAttribute
{
    public ValkeyFactAttribute()
    {
        Skip = new NeedsValkeyAttribute().Missing;
    }
}

/// <summary>All tests of the class need a real server, as with <see cref="ValkeyFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsValkeyAttribute : NeedsAttribute
{
    public override string? Missing => ValkeyServer.IsInstalled || TestData.MustExist ? null : "valkey-server is not installed: on Debian 12 run bash src/valkey.sh as root";
}

/// <summary>The tests that share one server; each empties it first.</summary>
[CollectionDefinition("valkey")]
public sealed class ValkeyTests : ICollectionFixture<SharedServer>;

/// <summary>Starts the shared server when the first test asks for it.</summary>
public sealed class SharedServer : IDisposable
{
    private readonly Lazy<ValkeyServer> _server = new(() => new ValkeyServer());

    public ValkeyServer Empty()
    {
        _server.Value.Flush();
        return _server.Value;
    }

    public void Dispose()
    {
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }
    }
}
