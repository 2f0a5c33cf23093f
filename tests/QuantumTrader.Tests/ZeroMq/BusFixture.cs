using System.Diagnostics;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;
using QuantumTrader.Tests.Market;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.Tests.ZeroMq;

/// <summary>A market whose symbols trap careless subscribers, and sinks and sources of it on ports that the system chooses.</summary>
internal sealed class BusFixture : IDisposable
{
    public const string Anywhere = "tcp://127.0.0.1:*";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<IDisposable> _made = [];

    public Bus Bus { get; } = new(new BusOptions());

    public MarketContext Market { get; } = MarketContext.Of(
        new TradingCalendar(), new Instrument("WDOU25", 0.5m, 10m, 1m), new Instrument("WDO", 0.5m, 10m, 1m));

    public static BlockContext Context(string name, TimeProvider? clock = null) => new(name, new SectionContext(".", "."), clock ?? TimeProvider.System);

    public ZeroMqSink<MarketEvent> Sink(ZeroMqSinkOptions? options = null, TimeProvider? clock = null)
    {
        options ??= new ZeroMqSinkOptions();
        var sink = Keep(new ZeroMqSink<MarketEvent>(options with { Endpoint = options.Endpoint ?? Anywhere }, Context("sink", clock), Bus, Market, new MarketFormat(Market)));
        sink.Start();
        return sink;
    }

    public ZeroMqSource<MarketEvent> Source(string endpoint, ZeroMqSourceOptions? options = null)
    {
        var source = Keep(new ZeroMqSource<MarketEvent>((options ?? new ZeroMqSourceOptions { Channels = ["tick"] }) with { Endpoint = endpoint }, Context("source"), Bus, Market, new MarketFormat(Market)));
        source.Start();
        return source;
    }

    /// <summary>A bare socket that the test publishes on, and counts subscriptions of.</summary>
    public ZmqSocket Publisher(out string endpoint)
    {
        var socket = Keep(new ZmqSocket(Bus.Context, SocketKind.XPub));
        socket.Bind(Anywhere);
        endpoint = socket.LastEndpoint;
        return socket;
    }

    /// <summary>A bare subscriber.</summary>
    public ZmqSocket Subscriber(string endpoint, string prefix, int highWater = 1_000_000)
    {
        var socket = Keep(new ZmqSocket(Bus.Context, SocketKind.Sub));
        socket.Set(SocketOption.ReceiveHighWater, highWater);
        socket.Subscribe(Encoding.UTF8.GetBytes(prefix));
        socket.Connect(endpoint);
        return socket;
    }

    public T Keep<T>(T made) where T : IDisposable
    {
        _made.Add(made);
        return made;
    }

    public void Dispose()
    {
        foreach (var made in Enumerable.Reverse(_made))
        {
            made.Dispose();
        }

        Bus.Dispose();
    }

    public static MarketEvent[] Trades(int count, int symbol = 1) =>
        Feed.Numbered(Enumerable.Range(1, count).Select(i => Feed.Trade(i, number: i, price: 5000 + (i % 10), quantity: i, side: i % 2 == 0 ? Side.Buy : Side.Sell, symbol: symbol)));

    public static void Until(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            waited.Elapsed.ShouldBeLessThan(Patience, what);
            Thread.Yield();
        }
    }

    /// <summary>Waits until so many subscriptions have arrived at a bare publisher, so that nothing is sent before they stand.</summary>
    public static void AwaitSubscriptions(ZmqSocket publisher, int count)
    {
        using var frame = new ZmqFrame();
        for (var i = 0; i < count; i++)
        {
            Until(() => publisher.TryReceive(frame), $"subscription {i + 1} of {count} must come");
        }
    }

    public static void Send(ZmqSocket publisher, string topic, byte[] body)
    {
        publisher.TrySend(Encoding.UTF8.GetBytes(topic), more: true).ShouldBeTrue();
        publisher.TrySend(body).ShouldBeTrue();
    }

    public static void Send(ZmqSocket publisher, string topic, string body) => Send(publisher, topic, Encoding.UTF8.GetBytes(body));

    /// <summary>A canonical trade.</summary>
    public static string Json(long number, string symbol = "WDOU25") =>
        FormattableString.Invariant($$"""{"version":1,"kind":"trade","symbol":"{{symbol}}","ts_us":1723075200000000,"seq":{{number}},"price":5432.5,"qty":3,"side":"buy"}""");

    /// <summary>Receives a whole message.</summary>
    public static List<byte[]> Receive(ZmqSocket socket)
    {
        using var frame = new ZmqFrame();
        var frames = new List<byte[]>();
        do
        {
            Until(() => socket.TryReceive(frame), "a message must come");
            frames.Add(frame.Data.ToArray());
        }
        while (frame.More);
        return frames;
    }

    /// <summary>Reads until so many events have come.</summary>
    public static MarketEvent[] Read(ZeroMqSource<MarketEvent> source, int count)
    {
        using var stop = new CancellationTokenSource(Patience);
        var output = new Output<MarketEvent>();
        var events = new List<MarketEvent>();
        while (events.Count < count)
        {
            source.Read(output, 256, stop.Token).ShouldBe(true, $"{events.Count} of {count} events had come when the source ended");
            events.AddRange(output.ToArray());
        }

        return [.. events];
    }

    /// <summary>Reads until the report shows what is waited for.</summary>
    public static ZeroMqSourceReport ReadUntil(ZeroMqSource<MarketEvent> source, Func<ZeroMqSourceReport, bool> condition)
    {
        var output = new Output<MarketEvent>();
        Until(
            () =>
            {
                using var stop = new CancellationTokenSource(20);
                source.Read(output, 256, stop.Token);
                return condition(Report(source));
            },
            "the report must show it");
        return Report(source);
    }

    public static ZeroMqSourceReport Report(ZeroMqSource<MarketEvent> source) => (ZeroMqSourceReport)source.Report()!;

    public static ZeroMqSinkReport Report(ZeroMqSink<MarketEvent> sink) => (ZeroMqSinkReport)sink.Report();

    public static void Observe(ZeroMqSink<MarketEvent> sink, ReadOnlySpan<MarketEvent> events, int runLength = 256)
    {
        for (var i = 0; i < events.Length; i += runLength)
        {
            sink.Observe(Run<MarketEvent>.Of(events[i..Math.Min(events.Length, i + runLength)], sink.Accounts));
        }
    }
}

/// <summary>Debian's Python with its ZeroMQ binding, as a foreign client.</summary>
internal static class Python
{
    public const string Program = "/usr/bin/python3";

    public static bool IsPresent { get; } = File.Exists(Program) && Start("-c", "import zmq").Wait().Code == 0;

    public static Peer Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new Peer(Process.Start(start)!);
    }

    public static Peer Run(string script, params string[] arguments) => Start([Path.Combine(Qt.Root, "tests", "QuantumTrader.Tests", "ZeroMq", "peers", script), .. arguments]);

    internal sealed class Peer(Process process) : IDisposable
    {
        private readonly Task<string> _error = process.StandardError.ReadToEndAsync();

        public StreamWriter Input => process.StandardInput;

        public string ReadLine() => process.StandardOutput.ReadLine().ShouldNotBeNull();

        public (int Code, string Output, string Error) Wait()
        {
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit(60_000).ShouldBeTrue("the script must end");
            return (process.ExitCode, output, _error.Result);
        }

        public string[] Lines()
        {
            var (code, output, error) = Wait();
            code.ShouldBe(0, error);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}

/// <summary>A test against a foreign client.</summary>
internal sealed class PythonFactAttribute() : NeedingFactAttribute(Python.IsPresent, "Debian's python3-zmq is not installed");
