using System.Diagnostics;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.ZeroMq;

namespace QuantumTrader.App.Benchmarks;

/// <summary>
/// A tick from the publisher's block over tcp loopback and the bridge into Valkey, until the server has confirmed the last one; against the
/// same way in Python. Every tick must arrive.
/// </summary>
internal static class EndToEndStoreBenchmark
{
    private const int Queue = 65_536;
    private const int RunLength = 256;
    private const int Pack = 100;

    /// <summary>Runs it; null when Valkey or libzmq is not installed.</summary>
    public static BenchmarkResult? Run(BenchmarkRequest request) => ZeroMqBenchmark.HasLibrary()
        ? ValkeyBenchmark.WithServer(port => new BenchmarkResult("end_to_end_store", Measure(port, request.IsQuick ? 10 : 1)))
        : null;

    private static List<BenchmarkCase> Measure(int port, int scale)
    {
        var trades = ValkeyBenchmark.Trades(400_000 / scale, 1_000_000);
        var fewer = trades[..(trades.Length / 4)];
        var figures = Rounds.Run(
            () => Bridge(port, trades, new ZeroMqSinkOptions { Format = BusFormat.Binary, FrameEvents = 32 }, Pack),
            () => Bridge(port, fewer, new ZeroMqSinkOptions { Format = BusFormat.Json }, 1),
            () => Python(port, 20_000 / scale));
        var hasPeer = figures[2].All(f => f > 0);
        List<BenchmarkCase> cases =
        [
            new("packed", Rounds.Median(figures[0]), "ticks/s", hasPeer ? 10 : null, hasPeer ? Rounds.Ratio(figures[0], figures[2]) : null) { Against = "the same way in Python" },
            new("json, an entry each", Rounds.Median(figures[1]), "ticks/s", null, hasPeer ? Rounds.Ratio(figures[1], figures[2]) : null) { Against = "the same way in Python" },
        ];
        if (hasPeer)
        {
            cases.Add(new BenchmarkCase("peer_python", Rounds.Median(figures[2]), "ticks/s", null, null));
        }

        cases.Add(new BenchmarkCase("delivery", s_stored / (double)s_published, "of published", 1, null));
        return cases;
    }

    private static long s_published;
    private static long s_stored;

    private static double Python(int port, int count)
    {
        ValkeyBenchmark.Flush(port);
        return Peers.Run("python_bridge.py", port, count);
    }

    /// <summary>Ticks a second, from the first one handed over until the last one is confirmed.</summary>
    private static double Bridge(int port, MarketEvent[] trades, ZeroMqSinkOptions options, int pack)
    {
        ValkeyBenchmark.Flush(port);
        var market = ValkeyBenchmark.Market;
        var format = new MarketFormat(market);
        using var bus = new Bus(new BusOptions { HighWater = 2 * trades.Length });
        using var publisher = new ZeroMqSink<MarketEvent>(
            options with { Channels = ["tick"], Endpoint = "tcp://127.0.0.1:*", Queue = Queue }, Context("publisher"), bus, market, format);
        publisher.Start();
        var source = new ZeroMqSource<MarketEvent>(
            new ZeroMqSourceOptions { Channels = ["tick"], Endpoint = publisher.Endpoints["tick"], Count = trades.Length }, Context("ticks"), bus, market, format);
        using var store = ValkeyBenchmark.Open(port, pack);
        var sink = new StoreSink<MarketEvent>(new StoreSinkOptions(), () => store, format, TimeProvider.System);
        using var graph = new GraphBuilder().Add("ticks", source).Add("keep", sink, ["ticks"], new BlockSettings { Io = true }).Build();
        var run = graph.RunAsync();
        Waiting.Until(() => publisher.HasSubscriber("tick_WDOU25"));
        var start = Stopwatch.GetTimestamp();
        for (var at = 0; at < trades.Length; at += RunLength)
        {
            // A pipeline would drop and count; here nothing may be lost, so the feed waits for room.
            while (publisher.Waiting > Queue / 2)
            {
                Waiting.Briefly();
            }

            publisher.Observe(Run<MarketEvent>.Of(trades.AsSpan(at, Math.Min(RunLength, trades.Length - at))));
        }

        if (!run.Wait(Waiting.Patience) || !run.Result.Balanced)
        {
            throw new InvalidOperationException($"Invariant: {trades.Length} ticks were published, and the bridge did not get them all.");
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        s_published += trades.Length;
        s_stored += store.Query(new StoreQuery("tick", "WDOU25", 0, long.MaxValue), format, _ => true).Count;
        return trades.Length / seconds;
    }

    private static BlockContext Context(string name) => new(name, new SectionContext(".", "."), TimeProvider.System);
}
