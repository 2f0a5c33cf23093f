using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Models.Drift;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;
using QuantumTrader.Tests.Storage.Valkey;

namespace QuantumTrader.Tests.Models.Drift;

public sealed class DriftTests : IDisposable
{
    private const int Window = 500;
    private static readonly OnnxOptions Watching = new() { Drift = new DriftOptions { Window = Window, Every = 50 } };
    private readonly OnnxFixture _files = new();

    /// <summary>The model was trained where the price is uniform from 98 to 102 and the slope from -1 to 1.</summary>
    public DriftTests()
    {
        var rows = Calm(new Random(1), 5000).ToArray();
        _files.Manifest = _files.Manifest with
        {
            Bins = new TrainingBins(
                [TrainingBins.Of("price_current", [.. rows.Select(r => r[0])]), TrainingBins.Of("slope", [.. rows.Select(r => r[1])])],
                TrainingBins.Of("probability_up", [.. rows.Select(r => OnnxFixture.Reference.Predict(r))])),
        };
        _files.Write();
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_stream_as_in_training_is_never_told()
    {
        using var block = _files.Block(Watching);
        Feed(block, Calm(new Random(2), 20_000));

        block.Accounts.Notes.ShouldBeEmpty();
        var report = Report(block);
        report.Comparisons.ShouldBe(((20_000 - Window) / 50) + 1);
        report.Features.Append(report.Score).ShouldAllBe(f => f.Band == DriftBand.Stable && f.Largest < PopulationStability.MovedFrom && f.Index > 0);
    }

    [Fact]
    public void A_shift_of_regime_is_seen_within_a_window_and_so_is_its_end()
    {
        using var block = _files.Block(Watching);
        var random = new Random(3);
        Feed(block, Calm(random, 2000));
        block.Accounts.Notes.ShouldBeEmpty();

        // The price falls by one and swings twice as far; the slope goes on as it was.
        Feed(block, Calm(random, Window).Select(r => (double[])[99 + (2 * (r[0] - 100)), r[1]]), from: 2001);
        block.Accounts.NoteCounts["feature_shifted"].ShouldBe(1);
        block.Accounts.NoteCounts["score_shifted"].ShouldBe(1);
        var report = Report(block);
        report.Features.Select(f => (f.Name, f.Band)).ShouldBe([("price_current", DriftBand.Shifted), ("slope", DriftBand.Stable)]);
        report.Score.Band.ShouldBe(DriftBand.Shifted);
        block.Accounts.Notes.First(n => n.Code == "score_shifted").Message.ShouldMatch(
            @"^The score 'probability_up' of model 'small' has a population stability index of 0\.\d{3} over the 500 predictions up to 1970-01-01T00:00:00\.00\d+Z; from 0\.25 on it is spread otherwise than in training\. Find out why");

        Feed(block, Calm(random, 2 * Window), from: 2501);
        block.Accounts.NoteCounts["feature_back"].ShouldBe(1);
        block.Accounts.NoteCounts["score_back"].ShouldBe(1);
        Report(block).Score.ShouldSatisfyAllConditions(s => s.Band.ShouldBe(DriftBand.Stable), s => s.Largest!.Value.ShouldBeGreaterThan(0.25));
    }

    [Fact]
    public async Task In_a_pipeline_a_market_that_trades_half_as_much_is_seen_and_one_as_in_training_is_not()
    {
        async Task<DriftReport> Run(string set)
        {
            var report = await InProcess.Run(Path.Combine(Qt.Root, "pipelines", "demo.yml"), "blocks.model.drift.window=1000", "blocks.feed.days=1", set);
            return InProcess.Details<OnnxReport>(report, "model").Drift!;
        }

        // Minutes in a row have volumes alike, so that even a market as in training is not all stable; it is far from shifted.
        DriftFigure Volume(DriftReport report) => report.Features.Single(f => f.Name == "volume_mean_5");
        var (same, half) = (await Run("blocks.feed.seed=9"), await Run("blocks.feed.rate=2"));
        same.Comparisons.ShouldBe(5);
        same.Score.Largest!.Value.ShouldBeLessThan(PopulationStability.MovedFrom);
        Volume(same).Band.ShouldNotBe(DriftBand.Shifted);
        Volume(half).Index!.Value.ShouldBeGreaterThan(5 * Volume(same).Index!.Value);
        Volume(half).Band.ShouldBe(DriftBand.Shifted);
    }

    [Fact]
    public void The_sliding_window_counts_what_a_count_of_all_its_predictions_gives()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(50), Prop.ForAll<int, byte>((seed, steps) =>
        {
            var random = new Random(seed);
            var (window, every) = (100 + (seed & 63), 1 + (steps & 15));
            var drift = new DriftWindow(_files.Manifest, new DriftOptions { Window = window, Every = every }, (_, _) => { });
            var rows = new List<double[]>();
            for (var i = 0; i < window + steps; i++)
            {
                // Now and then exactly on an edge, or far outside.
                double[] row = [random.Next(4) == 0 ? _files.Manifest.Bins!.Features[0].Edges[random.Next(9)] : 90 + (20 * random.NextDouble()), random.NextDouble() - 0.5, random.NextDouble()];
                rows.Add(row);
                drift.Add(row.AsSpan(0, 2), row[2], i);
            }

            var report = drift.Report();
            var compared = window + ((rows.Count - window) / every * every);
            var batch = rows.Take(compared).TakeLast(window).ToList();
            ValueBins[] bins = [.. _files.Manifest.Bins!.Features, _files.Manifest.Bins.Score];
            return report.Features.Append(report.Score).Select((f, i) => Math.Abs(f.Index!.Value - Slow(bins[i], [.. batch.Select(r => r[i])])) < 1e-12).All(same => same);
        }));
    }

    [Fact]
    public void It_says_nothing_before_the_window_is_full()
    {
        using var block = _files.Block(Watching);
        Feed(block, Enumerable.Repeat<double[]>([1000, 1000], Window - 1));
        Report(block).ShouldSatisfyAllConditions(r => r.Comparisons.ShouldBe(0), r => r.Score.Index.ShouldBeNull());
        block.Gauges.ShouldAllBe(g => double.IsNaN(g.Value));
        Feed(block, [[1000, 1000]], from: Window);
        Report(block).Score.Band.ShouldBe(DriftBand.Shifted);
    }

    [Fact]
    public void Only_predictions_count_and_runs_may_be_cut_anywhere()
    {
        var vectors = Calm(new Random(5), 2000).Select((r, i) => OnnxFixture.Vector(i + 1, r[0], r[1], i % 3 == 0 ? 1UL : 3UL)).ToArray();
        using var whole = _files.Block(Watching);
        using var cut = _files.Block(Watching);
        using var onlyWarm = _files.Block(Watching);
        OnnxFixture.Run(whole, vectors);
        Array.ForEach(vectors, v => OnnxFixture.Run(cut, v));
        OnnxFixture.Run(onlyWarm, [.. vectors.Where(v => v.AllWarm)]);
        var (expected, found) = (Json(whole), Json(cut));
        found.ShouldBe(expected);
        Json(onlyWarm).ShouldBe(expected);
    }

    [Fact]
    public void Watching_allocates_nothing_per_prediction()
    {
        var drift = new DriftWindow(_files.Manifest, Watching.Drift!, (_, _) => { });
        double[] row = [100, 0];
        long Measure()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10_000; i++)
            {
                row[0] = 98 + (4 * (i % 97 / 97.0));
                drift.Add(row, i % 89 / 89.0, i);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure();
        Measure().ShouldBe(0);
    }

    [Fact]
    public void The_index_of_each_value_is_a_metric()
    {
        using var block = _files.Block(Watching);
        Feed(block, Calm(new Random(7), Window));
        block.Gauges.Select(g => (g.Name, g.Of)).ShouldBe([("qt_model_drift_index", "price_current"), ("qt_model_drift_index", "slope"), ("qt_model_drift_index", "probability_up")]);
        block.Gauges[2].Value.ShouldBe(Report(block).Score.Index!.Value);
        using var blind = _files.Block();
        blind.Gauges.ShouldBeEmpty();
        ((OnnxReport)blind.Report()).Drift.ShouldBeNull();
    }

    [Fact]
    public void A_model_that_does_not_say_how_it_was_trained_cannot_be_watched()
    {
        _files.Manifest = _files.Manifest with { Bins = null };
        _files.Write();
        var refused = Should.Throw<ConfigurationException>(() => _files.Block(Watching));
        refused.Option.ShouldBe("drift");
        refused.Message.ShouldBe("The manifest of model 'small' has no 'bins': nothing says how its features and answers were spread in training. Train it with qt train, or leave 'drift' out.");
    }

    [Fact]
    public void A_model_without_bins_does_not_take_the_place_of_one_that_is_watched()
    {
        using var block = _files.Block(Watching with { Reload = ModelReload.OnChange, ReloadEveryMs = 10 });
        block.Start();
        Feed(block, Calm(new Random(8), Window));
        _files.Manifest = _files.Manifest with { Bins = null };
        _files.Write();
        Eventually.Holds(() => block.Accounts.NoteCounts.ContainsKey("model_refused"), "it must be said");
        block.Accounts.Notes.Single(n => n.Code == "model_refused").Message.ShouldContain("its manifest has no 'bins'");
        Feed(block, Calm(new Random(9), 50), from: Window + 1);
        Report(block).Comparisons.ShouldBe(2);
    }

    public static TheoryData<string, Func<TrainingBins, TrainingBins>> BadBins => new()
    {
        { "are not those of its features", b => b with { Features = [b.Features[1], b.Features[0]] } },
        { "are not those of its features", b => b with { Score = b.Score with { Name = "slope" } } },
        { "bins of 'slope' do not fit", b => b with { Features = [b.Features[0], b.Features[1] with { Shares = [1] }] } },
        { "bins of 'slope' do not fit", b => b with { Features = [b.Features[0], new ValueBins("slope", [2, 1], [0.5, 0.25, 0.25])] } },
        { "bins of 'probability_up' do not fit", b => b with { Score = new ValueBins("probability_up", [0.5], [0.5, 0.6]) } },
        { "bins of 'probability_up' do not fit", b => b with { Score = new ValueBins("probability_up", [0.5], [-0.5, 1.5]) } },
        { "bins of 'probability_up' do not fit", b => b with { Score = new ValueBins("probability_up", [.. Enumerable.Range(0, 256).Select(i => i / 256.0)], [1, .. new double[256]]) } },
    };

    [Theory]
    [MemberData(nameof(BadBins))]
    public void Bins_that_do_not_fit_are_refused(string said, Func<TrainingBins, TrainingBins> spoil)
    {
        _files.Manifest = _files.Manifest with { Bins = spoil(_files.Manifest.Bins!) };
        _files.Write();
        _files.Refusal().Message.ShouldContain(said);
    }

    private static IEnumerable<double[]> Calm(Random random, int count) =>
        Enumerable.Range(0, count).Select(_ => (double[])[98 + (4 * random.NextDouble()), (2 * random.NextDouble()) - 1]);

    private static void Feed(Onnx block, IEnumerable<double[]> rows, int from = 1)
    {
        FeatureVector[] vectors = [.. rows.Select((r, i) => OnnxFixture.Vector(from + i, r[0], r[1]))];
        OnnxFixture.Run(block, vectors).Length.ShouldBe(vectors.Length);
    }

    private static DriftReport Report(Onnx block) => ((OnnxReport)block.Report()).Drift!;

    private static string Json(Onnx block) => System.Text.Json.JsonSerializer.Serialize(Report(block));

    // Share by share, over all values anew.
    private static double Slow(ValueBins bins, double[] values)
    {
        var sum = 0.0;
        for (var bin = 0; bin < bins.Shares.Count; bin++)
        {
            var (low, high) = (bin == 0 ? double.NegativeInfinity : bins.Edges[bin - 1], bin < bins.Edges.Count ? bins.Edges[bin] : double.PositiveInfinity);
            var total = values.Length + (0.5 * bins.Shares.Count);
            var live = (values.Count(v => v > low && v <= high) + 0.5) / total;
            var trained = ((bins.Shares[bin] * values.Length) + 0.5) / total;
            sum += (live - trained) * Math.Log(live / trained);
        }

        return sum;
    }
}
