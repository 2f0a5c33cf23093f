using QuantumTrader.App.Commands;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Tests.App;

namespace QuantumTrader.Tests.Features.TimeTravel;

/// <summary>The history of <c>features.time_travel</c> out of a journal that <c>sink.store</c> has written.</summary>
public sealed class TimeTravelStoreTests
{
    private const long Day = 86_400_000_000_000L;

    [Fact]
    public async Task Recorded_bars_give_the_history_that_the_stream_no_longer_has()
    {
        using var folder = new TemporaryFolder();
        var overlay = Path.Combine(folder.Path, "store.yml");
        await File.WriteAllTextAsync(overlay, $$"""
            store: { kind: journal, journal: { path: '{{Path.Combine(folder.Path, "journal")}}' } }
            blocks:
              feed:    { days: 8, rate: 0.5 }
              candles: { type: candles, from: normalize, seconds: 60 }
              keep:    { type: sink.store, from: candles }
            """);
        var (code, _, error) = Qt.Run("run", "pipelines/features.yml", "--overlay", overlay);
        code.ShouldBe(0, error);

        var whole = await Vectors(overlay, "blocks.history.use_store=false", null);
        var lastDay = whole[^1].EventTime / Day * Day;
        var expected = whole.Where(v => v.EventTime >= lastDay).ToList();
        expected.Count.ShouldBeGreaterThan(100);
        expected[^1].IsWarm(expected[^1].Schema.IndexOf("historical_momentum_rank")).ShouldBeTrue("five days lie before it");

        FeatureStreams.Difference(await Vectors(overlay, "blocks.history.use_store=true", new LaterStart(lastDay)), expected).ShouldBeNull();

        var alone = await Vectors(overlay, "blocks.history.use_store=false", new LaterStart(lastDay));
        alone.ShouldAllBe(v => !v.IsWarm(v.Schema.IndexOf("historical_momentum_rank")));
    }

    private static async Task<List<FeatureVector>> Vectors(string overlay, string setting, Filter<MarketEvent>? start)
    {
        var loaded = new PipelineLoader(PipelineArguments.Registry).Load(Path.Combine(Qt.Root, "pipelines", "features.yml"), [overlay], [setting]);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("\n", loaded.Findings));
        var seen = new Collect();
        var report = await PartialRun.RunAsync(plan, new Dictionary<string, Observer<FeatureVector>> { ["history"] = seen }, start is null ? null : ("normalize", start), CancellationToken.None);
        PartialRun.Problem(report).ShouldBeNull();
        return seen.Vectors;
    }

    private sealed class Collect : Observer<FeatureVector>
    {
        public List<FeatureVector> Vectors { get; } = [];

        public override void Observe(Run<FeatureVector> run)
        {
            foreach (ref readonly var vector in run)
            {
                Vectors.Add(FeatureVector.Keep(in vector));
            }
        }
    }

    private sealed class LaterStart(long time) : Filter<MarketEvent>
    {
        public override void Process(EditableRun<MarketEvent> run)
        {
            foreach (ref var e in run)
            {
                if (e.EventTime < time)
                {
                    run.Drop("before_the_start");
                }
            }
        }
    }
}
