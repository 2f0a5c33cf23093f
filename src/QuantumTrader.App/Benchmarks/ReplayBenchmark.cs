using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using QuantumTrader.App.Commands;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Benchmarks;

/// <summary>A recorded day through the whole path to paper orders, against a loop that only decompresses and parses the same lines.</summary>
internal static class ReplayBenchmark
{
    private const string Recording = "binance/usdm/btcusdt_20240808.gz";

    /// <summary>Runs it; null when the recording is not there.</summary>
    public static BenchmarkResult? Run(BenchmarkRequest request)
    {
        if (Find(request) is not var (root, file))
        {
            return null;
        }

        var figures = Rounds.Run(() => Pipeline(root, file), () => ParseOnly(file));
        return new BenchmarkResult("replay",
        [
            new BenchmarkCase("replay", Rounds.Median(figures[0]), "events/s", 0.5, Rounds.Ratio(figures[0], figures[1])) { Against = "decompress and parse only" },
            new BenchmarkCase("replay.peer_parse", Rounds.Median(figures[1]), "events/s", null, null),
        ]);
    }

    /// <summary>The repository and the recording; null, after saying so, when it is not there.</summary>
    public static (string Root, string File)? Find(BenchmarkRequest request)
    {
        var root = Repository.Find() ?? Directory.GetCurrentDirectory();
        var file = Path.GetFullPath(Path.Combine(request.Data ?? Path.Combine(root, "..", "shared", "data"), Recording));
        if (File.Exists(file))
        {
            return (root, file);
        }

        Console.Error.WriteLine("The recording of 2024-08-08 was not found. Name the folder of the market recordings with --data.");
        return null;
    }

    private static long s_events;

    private static double Pipeline(string root, string file)
    {
        var result = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(root, "pipelines", "replay-btcusdt.yml"), null, [$"blocks.feed.path={file}"]);
        using var factory = new BlockFactory(result.Plan ?? throw new InvalidOperationException(string.Join("; ", result.Findings)), TimeProvider.System);
        using var graph = PipelineBuilder.Build(result.Plan, factory);
        var report = graph.RunAsync().GetAwaiter().GetResult();
        if (!report.Balanced || !report.Completed)
        {
            throw new InvalidOperationException($"Invariant: the replay must balance: {report.Fault} {string.Join("; ", report.Imbalances)}");
        }

        s_events = report.Events;
        return report.EventsPerSecond;
    }

    // The same number of events stands for the same work: lines, trades, quotes and every level change.
    private static double ParseOnly(string file)
    {
        var start = Stopwatch.GetTimestamp();
        var values = 0L;
        using (var lines = new LineReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress)))
        {
            while (lines.Read(out var line) == LineResult.Line)
            {
                var reader = new Utf8JsonReader(line[(line.IndexOf((byte)' ') + 1)..]);
                while (reader.Read())
                {
                    values += reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0 && Pipelines.Scaled.TryParse(reader.ValueSpan, out var scaled) ? scaled & 1 : 0;
                }
            }
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(values);
        return s_events / seconds;
    }
}
