using System.Globalization;
using System.Text.Json.Serialization;

namespace QuantumTrader.App.Benchmarks;

/// <summary>One measured case.</summary>
/// <param name="Case">Its name.</param>
/// <param name="Value">Median, unless the case says otherwise.</param>
/// <param name="Unit">Unit of the value.</param>
/// <param name="Limit">What the ratio must reach (or, with <see cref="AtMost"/>, not exceed); null when only stated.</param>
/// <param name="Ratio">To the peer measured in the same rounds, the median of theirs unless the case says otherwise; null without a peer.</param>
internal sealed record BenchmarkCase(string Case, double Value, string Unit, double? Limit, double? Ratio)
{
    /// <summary>True when the case has no limit or keeps it.</summary>
    [JsonIgnore]
    public bool IsMet => Limit is not { } limit || (AtMost ? (Ratio ?? Value) <= limit : (Ratio ?? Value) >= limit);

    /// <summary>The limit is an upper one.</summary>
    [JsonIgnore]
    public bool AtMost { get; init; }

    /// <summary>What was compared, for a reader.</summary>
    [JsonIgnore]
    public string Against { get; init; } = "";
}

/// <summary>A benchmark as <c>qt bench NAME</c> runs it. Returns null when something outside is missing, after saying what on standard error.</summary>
internal sealed record Benchmark(string Name, string Summary, Func<BenchmarkRequest, BenchmarkResult?> Run)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("engine", "Islands, boundaries, fan-out, allocation, metrics.", EngineBenchmark.Run),
        new("features", "The 65 per trade, time travel, several symbols.", FeatureBenchmark.Run),
        new("models", "Predictions against bare ONNX Runtime, trade to signal, hot swap.", ModelBenchmark.Run),
        new("replay", "A recorded day to paper orders.", ReplayBenchmark.Run),
        new("journal", "Append, scan, an hour out of a month, group commit.", JournalBenchmark.Run),
        new("valkey", "Storing in Valkey and reading back, against its own benchmark and a bare socket.", ValkeyBenchmark.Run),
        new("zeromq", "The bus: throughput, hand-over, latency.", ZeroMqBenchmark.Run),
        new("end_to_end_store", "From the publisher over the bus into Valkey, against the same in Python.", EndToEndStoreBenchmark.Run),
        new("dashboard", "What open dashboards cost the pipeline.", DashboardBenchmark.Run),
        new("profitdll", "What a callback costs the vendor's thread; bursts.", ProfitDllBenchmark.Run),
        new("rollout", "What gates are worth, what phases and shadows cost, how soon a rollback is felt.", RolloutBenchmark.Run),
    ];
}

/// <summary>How a benchmark is to run.</summary>
/// <param name="IsQuick">A tenth of the work, to see that it runs.</param>
/// <param name="Data">Folder of the market recordings; null for the usual place.</param>
internal sealed record BenchmarkRequest(bool IsQuick, string? Data);

/// <summary>The result of <c>qt bench NAME</c>.</summary>
internal sealed record BenchmarkResult(string Name, IReadOnlyList<BenchmarkCase> Cases);

/// <summary>Runs peers in turn, so that a machine that changes speed changes it for all of them.</summary>
internal static class Rounds
{
    /// <summary>Interleaved rounds that count, after one that does not.</summary>
    public const int Count = 7;

    /// <summary>Runs every measurement once per round; returns, for each, the figure of every counted round.</summary>
    public static double[][] Run(params Func<double>[] measurements) => Run(Count, measurements);

    /// <summary>As the other one, in so many rounds: the shorter a measurement, the more of them it takes to be sure.</summary>
    public static double[][] Run(int rounds, params Func<double>[] measurements)
    {
        var figures = measurements.Select(_ => new double[rounds]).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < measurements.Length; i++)
            {
                var figure = measurements[i]();
                if (round >= 0)
                {
                    figures[i][round] = figure;
                }
            }
        }

        return figures;
    }

    /// <summary>The median.</summary>
    public static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The median of the ratios round by round.</summary>
    public static double Ratio(double[] figures, double[] peer) => Median(figures.Zip(peer, (a, b) => a / b));

    /// <summary>
    /// The quiet quarter: what costs come to in runs that met no pause of the machine's. For costs that every run bears: half of all runs on a
    /// small machine meet such a pause, so that a median is now one thing and now the other.
    /// </summary>
    public static double Quiet(double[] costs) => costs.Order().ElementAt(costs.Length / 4);

    /// <summary>For tables.</summary>
    public static string Format(double value) => value.ToString(value >= 1000 ? "N0" : "0.###", CultureInfo.InvariantCulture);
}
