using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using QuantumTrader.App.Checks;
using QuantumTrader.App.Commands;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App;

/// <summary>Sends each candle's close with the mean of the closes that follow it: it looks ahead, and a test must see it.</summary>
[Block("test.looks_ahead", "For tests: sends what it cannot know yet.")]
public sealed class LooksAhead(MarketContext market) : Operator<MarketEvent, FeatureVector>
{
    private static readonly FeatureSchema Schema = new("close_after_20_events");
    private readonly Queue<MarketEvent> _waiting = new();

    public MarketContext Market { get; } = market;

    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            if (e.Kind == EventKind.Trade)
            {
                _waiting.Enqueue(e);
                if (_waiting.Count > 20)
                {
                    var old = _waiting.Dequeue();
                    output.Add(new FeatureVector(old.Sequence, old.EventTime, old.Symbol, Schema, [e.Price], [1]));
                }
            }
        }
    }
}

/// <summary>Counts trades since it began and calls that warm at once.</summary>
[Block("test.warm_too_early", "For tests: is warm from the first trade on.")]
public sealed class WarmTooEarly(MarketContext market) : Operator<MarketEvent, FeatureVector>
{
    private static readonly FeatureSchema Schema = new("trades_so_far");
    private int _trades;

    public MarketContext Market { get; } = market;

    public override void Process(Run<MarketEvent> run, Output<FeatureVector> output)
    {
        foreach (ref readonly var e in run)
        {
            if (e.Kind == EventKind.Trade)
            {
                output.Add(new FeatureVector(e.Sequence, e.EventTime, e.Symbol, Schema, [++_trades], [1]));
            }
        }
    }
}

public sealed class FeatureCommandTests
{
    private const string Planted = """
        version: 1
        pipeline: planted
        plugins: ['PLUGIN']
        market: { calendar: crypto, symbols: [DEMO] }
        blocks:
          feed:      { type: source.simulator, seed: 7, days: 1, rate: 0.5 }
          normalize: { type: normalize, from: feed, max_lateness_ms: 0 }
          features:  { type: BLOCK, from: normalize }
        """;

    private static async Task<IReadOnlyList<CheckResult>> CheckPlanted(string block, Func<PipelinePlan, int, int, CancellationToken, Task<IReadOnlyList<CheckResult>>> check)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "planted.yml");
        await File.WriteAllTextAsync(file, Planted.Replace("PLUGIN", typeof(LooksAhead).Assembly.Location, StringComparison.Ordinal).Replace("BLOCK", block, StringComparison.Ordinal));
        Directory.CreateDirectory(Path.Combine(folder.Path, "config"));
        foreach (var config in Directory.GetFiles(Path.Combine(Qt.Root, "config"), "*.yml"))
        {
            File.Copy(config, Path.Combine(folder.Path, "config", Path.GetFileName(config)));
        }

        var result = new PipelineLoader(PipelineArguments.Registry).Load(file);
        return await check(result.Plan ?? throw new InvalidOperationException(string.Join("\n", result.Findings)), 2, 1, CancellationToken.None);
    }

    [Fact]
    public async Task A_block_that_looks_ahead_is_found()
    {
        var result = (await CheckPlanted("test.looks_ahead", FeatureChecks.LookaheadAsync)).ShouldHaveSingleItem();
        result.IsGood.ShouldBeFalse();
        result.ToString().ShouldContain("'close_after_20_events' looks ahead");
        (await CheckPlanted("test.warm_too_early", FeatureChecks.LookaheadAsync)).ShouldAllBe(r => r.IsGood);
    }

    [Fact]
    public async Task A_block_that_is_warm_too_early_is_found()
    {
        var result = (await CheckPlanted("test.warm_too_early", FeatureChecks.WarmupAsync)).ShouldHaveSingleItem();
        result.IsGood.ShouldBeFalse();
        result.ToString().ShouldContain("'trades_so_far' is warm too early");
    }

    public static TheoryData<string> PipelinesWithFeatures { get; } = [.. Directory.GetFiles(Path.Combine(Qt.Root, "pipelines"), "*.yml")
        .Where(f => File.ReadAllText(f) is var text && text.Contains("type: features.", StringComparison.Ordinal) && text.Contains("type: source.simulator", StringComparison.Ordinal)).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(PipelinesWithFeatures))]
    public Task Every_shipped_pipeline_passes_both_checks(string pipeline) =>
        PassesBothChecks(pipeline, "blocks.feed.rate=0.5", $"blocks.feed.days={(pipeline == "features" ? 7 : 1)}");

    [DataFact]
    public Task The_shipped_replay_passes_both_checks() =>
        PassesBothChecks("replay-btcusdt", $"blocks.feed.path={TestData.PathOf("binance/usdm/btcusdt_20240808.gz")}");

    private static async Task PassesBothChecks(string pipeline, params string[] sets)
    {
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(Qt.Root, "pipelines", $"{pipeline}.yml"), null, sets);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("\n", loaded.Findings));
        foreach (var result in (CheckResult[])[.. await FeatureChecks.LookaheadAsync(plan, 2, 1, CancellationToken.None), .. await FeatureChecks.WarmupAsync(plan, 2, 1, CancellationToken.None)])
        {
            result.IsGood.ShouldBeTrue(result.ToString());
        }
    }

    [Fact]
    public async Task A_partial_run_publishes_nothing_and_keeps_no_pace()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(Qt.Root, "pipelines", "old-consumers.yml"), null,
            ["blocks.feed.days=1", "blocks.feed.rate=0.1", "blocks.feed.speed=0.001x", $"blocks.market={{type: sink.zeromq, from: normalize, endpoint: 'tcp://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}'}}"]);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("\n", loaded.Findings));

        (await TrainCommand.RecordAsync(plan, ["features"], CancellationToken.None)).Vectors.Count.ShouldBeGreaterThan(100);
        PartialRun.FeatureBlocks(plan).Select(b => b.Name).ShouldBe(["features"], "a sink makes no vectors, although it passes them on");
    }

    [Theory]
    [InlineData("lookahead")]
    [InlineData("warmup")]
    public void A_check_says_what_it_compared(string check)
    {
        var (code, output, error) = Qt.Run("check", check, "pipelines/demo.yml", "--cuts", "1", "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.1");
        code.ShouldBe(0, output + error);
        output.ShouldContain("features: green");
    }

    [Fact]
    public void Vectors_are_exported_to_csv_and_npz_with_a_manifest()
    {
        using var folder = new TemporaryFolder();
        var csv = Path.Combine(folder.Path, "v.csv");
        var npz = Path.Combine(folder.Path, "v.npz");
        foreach (var file in new[] { csv, npz })
        {
            var (code, _, error) = Qt.Run("export", "pipelines/demo.yml", "--block", "features", "--to", file, "--set", "blocks.feed.days=1", "--set", "blocks.feed.rate=0.5");
            code.ShouldBe(0, error);
        }

        var manifest = JsonDocument.Parse(File.ReadAllText(npz + ".json")).RootElement;
        File.ReadAllText(csv + ".json").ShouldBe(File.ReadAllText(npz + ".json"));
        var rows = manifest.GetProperty("rows").GetInt32();
        manifest.GetProperty("feature_hash").GetString().ShouldBe(Basic.Schema.Hash);
        var lines = File.ReadAllLines(csv);
        lines.Length.ShouldBe(rows + 1);
        lines[0].ShouldStartWith("sequence,time,symbol,price_current,");
        var last = lines[^1].Split(',');

        using var zip = System.IO.Compression.ZipFile.OpenRead(npz);
        zip.Entries.Select(e => e.FullName).ShouldBe(["values.npy", "warm.npy", "time.npy", "symbol.npy", "sequence.npy", "names.npy", "symbols.npy"]);
        var values = Bytes(zip, "values.npy");
        values[..8].ShouldBe(new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0 });
        var start = 10 + values[8] + (values[9] << 8);
        (start % 64).ShouldBe(0);
        System.Text.Encoding.ASCII.GetString(values[10..start]).ShouldStartWith($"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 11), }}");
        values.Length.ShouldBe(start + (rows * 11 * 8));
        BitConverter.ToDouble(values, values.Length - (11 * 8)).ToString("R", System.Globalization.CultureInfo.InvariantCulture).ShouldBe(last[3]);
        Bytes(zip, "names.npy").Length.ShouldBe(Bytes(zip, "names.npy")[8] + 10 + (11 * 4 * Basic.Schema.Names.Max(n => n.Length)));
    }

    private static byte[] Bytes(System.IO.Compression.ZipArchive zip, string name)
    {
        using var stream = zip.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    [Fact]
    public void What_cannot_be_exported_is_said()
    {
        Qt.Run("export", "pipelines/demo.yml", "--block", "features", "--to", "v.xls").Code.ShouldBe(2);
        var (code, _, error) = Qt.Run("export", "pipelines/demo.yml", "--block", "book", "--to", "v.csv");
        code.ShouldBe(2);
        error.ShouldContain("Name one with --block: features.");
    }

    [Fact]
    public void Features_are_listed_and_the_reference_in_docs_is_up_to_date()
    {
        Qt.Run("features", "volatility_ratio_10_20").Output.ShouldStartWith("volatility_ratio_10: volatility_10 / volatility_20");
        JsonDocument.Parse(Qt.Run("features", "rsi_14", "--json").Output).RootElement[0].GetProperty("neutral").GetDouble().ShouldBe(50);
        var (code, _, error) = Qt.Run("features", "rsi_41");
        (code, error).ShouldBe((2, "There is no feature 'rsi_41'. Did you mean 'rsi_14'?\n"));
        File.ReadAllText(Path.Combine(Qt.Root, "docs", "features.md")).ShouldBe(Qt.Run("features", "--markdown").Output, "run: ./qt features --markdown > docs/features.md");
    }

    [Fact]
    public void Hashes_of_all_features_are_equal_whatever_the_workers_the_capacity_and_the_islands()
    {
        string[] Hashes(params string[] sets)
        {
            var (code, output, error) = Qt.Run(["run", "pipelines/features.yml", "--hashes", "--set", "blocks.feed.days=2", "--set", "blocks.feed.rate=0.2", .. sets.SelectMany(s => new[] { "--set", s })]);
            code.ShouldBe(0, error);
            return [.. output.Split('\n').Where(l => l.StartsWith("hash ", StringComparison.Ordinal) && !l.Contains('#'))];
        }

        var expected = Hashes();
        expected.Length.ShouldBe(5);
        Hashes("engine.workers=1").ShouldBe(expected);
        Hashes("engine.fuse=false", "engine.capacity=1").ShouldBe(expected);
        Hashes("engine.batch=7", "blocks.full.parallelism=2", "blocks.history.parallelism=2", "blocks.all.parallelism=2").ShouldBe(expected);
    }
}
