using System.Globalization;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Models.Coordination;
using QuantumTrader.Models.Regimes;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Views;

/// <summary>A block that predicts.</summary>
/// <param name="Model">Name of its model, or of its models.</param>
/// <param name="Sha256">Hash of the model file; null of a block with several.</param>
/// <param name="Version">Code version that it was trained with; null when the manifest does not say.</param>
/// <param name="Predictions">Predictions sent.</param>
/// <param name="PerSecond">Predictions sent per second.</param>
/// <param name="MeanLatencyUs">Sampled cost of a vector, in microseconds; null before the first sample.</param>
internal sealed record ModelBlock(string Model, string? Sha256, string? Version, long Predictions, double PerSecond, double? MeanLatencyUs);

/// <summary>A prediction.</summary>
internal sealed record PredictionDocument(string Time, string Symbol, string Block, double Direction, double Probability, double Confidence, double? Magnitude, bool Stale, RegimeClass? Regime, string Model);

/// <summary>A feature of the newest vector.</summary>
/// <param name="Value">Its value.</param>
/// <param name="Warm">It is computed from enough data.</param>
/// <param name="Psi">Its population stability index against training; null while nothing is compared.</param>
/// <param name="Drift"><c>none</c> below 0.1, <c>warn</c> below 0.25, else <c>hold</c>; null without an index.</param>
internal sealed record FeatureDocument(double Value, bool Warm, double? Psi, string? Drift);

/// <summary>The regime of a symbol, since the begin of the stretch of this class, as far as it was watched.</summary>
internal sealed record RegimeDocument(RegimeClass Class, double Confidence, RegimeStrength Strength, string Since, double Adx, double Atr, RegimeStrategy Strategy);

/// <summary>Which model answers, and why.</summary>
internal sealed record ModeDocument(string Mode, string Reason, long FastCalls, long EnhancedCalls, long FallbackCount, long CacheHits, double? MeanFastMs, double? MeanEnhancedMs);

/// <summary>The model page.</summary>
internal sealed record ModelDocument(
    IReadOnlyDictionary<string, ModelBlock> Models, IReadOnlyDictionary<string, PredictionDocument> Predictions,
    IReadOnlyDictionary<string, FeatureDocument> Features, string? FeatureBlock, string? FeatureTime,
    IReadOnlyDictionary<string, RegimeDocument>? Regime, ModeDocument? Mode, long Unseen);

/// <summary>The model page: what the models answer, from what, in which regime, and which of two answers.</summary>
internal sealed class ModelView : IDisposable
{
    private const int Kept = 50;

    private readonly LiveRun _run;
    private readonly MarketContext _market;
    private readonly List<(string Block, TapFeed<Prediction> Feed)> _models = [];
    private readonly List<(string Block, TapFeed<FeatureVector> Feed)> _inputs = [];
    private readonly TapFeed<Regime> _regimes;
    private readonly Dictionary<string, (string Model, string? Sha256, string? Version)> _files;
    private readonly Queue<(long Number, PredictionDocument Prediction)> _newest = new();
    private readonly Dictionary<int, (Regime Regime, long Since)> _regime = [];
    private readonly Dictionary<string, double> _requests = new(StringComparer.Ordinal);
    private (string Block, FeatureVector Vector)? _vector;
    private string _rule = "";
    private long _number;

    public ModelView(LiveRun run, MarketContext market)
    {
        (_run, _market) = (run, market);
        _models.AddRange(RunBlocks.Models(run.Plan).Select(b => (b, new TapFeed<Prediction>(run, [b]))).Where(m => m.Item2.IsThere));
        _inputs.AddRange(RunBlocks.ModelInputs(run.Plan).Select(b => (b, new TapFeed<FeatureVector>(run, [b]))).Where(m => m.Item2.IsThere));
        _regimes = new TapFeed<Regime>(run, RunBlocks.Sending<Regime>(run.Plan));
        _files = _models.ToDictionary(m => m.Block, m => Describe(run.Plan[m.Block], run.Factory.Files), StringComparer.Ordinal);
    }

    /// <summary>False when the pipeline has no model.</summary>
    public bool IsThere => _models.Count > 0 || _regimes.IsThere;

    /// <summary>Takes in what the blocks have sent; true when the blocks are too fast for a page.</summary>
    public bool Pump()
    {
        _regimes.Drain(Take);
        foreach (var (block, feed) in _models)
        {
            feed.Drain(predictions => Take(block, predictions));
        }

        foreach (var (block, feed) in _inputs)
        {
            feed.Drain(vectors => Take(block, vectors));
        }

        return _regimes.IsTooFast || _models.Exists(m => m.Feed.IsTooFast) || _inputs.Exists(i => i.Feed.IsTooFast);
    }

    /// <summary>The page.</summary>
    public ModelDocument Read()
    {
        var figures = _run.Watch.Now();
        var gauges = figures.Report.Blocks.SelectMany(b => b.Gauges).ToList();
        return new ModelDocument(
            figures.Blocks.Where(b => _files.ContainsKey(b.Report.Name)).ToDictionary(b => b.Report.Name, Model, StringComparer.Ordinal),
            _newest.ToDictionary(n => n.Number.ToString(CultureInfo.InvariantCulture), n => n.Prediction),
            Features(gauges), _vector?.Block, _vector is var (_, vector) ? Documents.Time(vector.EventTime) : null,
            _regimes.IsThere ? _regime.ToDictionary(r => _market.Symbols.Name(r.Key), r => Document(r.Value.Regime, r.Value.Since), StringComparer.Ordinal) : null,
            Mode(gauges), _models.Sum(m => m.Feed.Unseen));
    }

    public void Dispose()
    {
        _models.ForEach(m => m.Feed.Dispose());
        _inputs.ForEach(i => i.Feed.Dispose());
        _regimes.Dispose();
    }

    /// <summary>Which model answers: what decided most of the requests since the last look; the same as before when there were none.</summary>
    internal static string RuleOf(IEnumerable<BlockGauge> gauges, Dictionary<string, double> before, string rule)
    {
        var most = 0.0;
        foreach (var gauge in gauges.Where(g => g.Name == "qt_coordinator_requests"))
        {
            var more = gauge.Value - before.GetValueOrDefault(gauge.Of);
            before[gauge.Of] = gauge.Value;
            (most, rule) = more > most ? (more, gauge.Of) : (most, rule);
        }

        return rule;
    }

    private void Take(string block, ReadOnlySpan<Prediction> predictions)
    {
        // Of many that came at once only the newest are shown.
        foreach (ref readonly var p in predictions[Math.Max(0, predictions.Length - Kept)..])
        {
            _newest.Enqueue((++_number, new PredictionDocument(
                Documents.Time(p.EventTime), _market.Symbols.Name(p.Symbol), block, p.Direction, p.Probability, p.Confidence,
                p.Magnitude == 0 ? null : p.Magnitude, p.IsStale, p.Regime.IsJoined ? p.Regime.Class : null, p.Model)));
            if (_newest.Count > Kept)
            {
                _newest.Dequeue();
            }
        }
    }

    // Where models read from several blocks the widest vector is shown: it usually has the others in it.
    private void Take(string block, ReadOnlySpan<FeatureVector> vectors)
    {
        if (vectors.Length > 0 && (_vector is not var (shown, vector) || shown == block || vectors[^1].Values.Length > vector.Values.Length))
        {
            _vector = (block, vectors[^1]);
        }
    }

    private void Take(ReadOnlySpan<Regime> regimes)
    {
        foreach (ref readonly var regime in regimes)
        {
            var since = _regime.TryGetValue(regime.Symbol, out var before) && before.Regime.Class == regime.Class ? before.Since : regime.EventTime;
            _regime[regime.Symbol] = (regime, since);
        }
    }

    private ModelBlock Model(BlockFigures block)
    {
        var (model, sha256, version) = _files[block.Report.Name];
        return new ModelBlock(model, sha256, version, block.Report.Out, block.OutPerSecond, block.Report.NanosecondsPerEvent > 0 ? Math.Round(block.Report.NanosecondsPerEvent / 1000, 3) : null);
    }

    private Dictionary<string, FeatureDocument> Features(List<BlockGauge> gauges)
    {
        if (_vector is not var (_, vector))
        {
            return [];
        }

        var indexes = gauges.Where(g => g.Name == "qt_model_drift_index" && double.IsFinite(g.Value)).GroupBy(g => g.Of).ToDictionary(g => g.Key, g => g.Max(x => x.Value), StringComparer.Ordinal);
        return Documents.Gauges([vector]).ToDictionary(
            f => f.Key,
            f => indexes.TryGetValue(f.Key, out var index) ? new FeatureDocument(f.Value.Value, f.Value.Warm, Math.Round(index, 6), Drift(index)) : new FeatureDocument(f.Value.Value, f.Value.Warm, null, null),
            StringComparer.Ordinal);
    }

    /// <summary>What an index says, in a word of the page.</summary>
    internal static string Drift(double index) => PopulationStability.BandOf(index) switch { DriftBand.Stable => "none", DriftBand.Moved => "warn", _ => "hold" };

    private static RegimeDocument Document(Regime r, long since) => new(r.Class, r.Confidence, r.Strength, Documents.Time(since), r.Adx, r.Atr, r.Strategy);

    private ModeDocument? Mode(List<BlockGauge> gauges)
    {
        if (!gauges.Exists(g => g.Name == "qt_coordinator_requests"))
        {
            return null;
        }

        _rule = RuleOf(gauges, _requests, _rule);
        return new ModeDocument(
            _rule == "enhanced" ? "enhanced" : "fast", _rule, Count("qt_coordinator_calls", "fast"), Count("qt_coordinator_calls", "enhanced"),
            Count("qt_coordinator_fallbacks", ""), Count("qt_coordinator_cache_hits", ""), Latency("fast"), Latency("enhanced"));

        long Count(string name, string of) => (long)gauges.Where(g => g.Name == name && g.Of == of).Sum(g => g.Value);

        double? Latency(string of) => Count("qt_coordinator_calls", of) == 0 ? null : Math.Round(gauges.Where(g => g.Name == "qt_coordinator_latency_ms" && g.Of == of).Max(g => g.Value), 4);
    }

    private static (string Model, string? Sha256, string? Version) Describe(BlockPlan block, SectionContext files) => block.Options switch
    {
        OnnxOptions onnx when ModelFile.Read(files.Resolve(onnx.Model)).Manifest is var manifest => (manifest.Name, manifest.ModelSha256, manifest.Training?.CodeVersion),
        CoordinatorOptions both => (string.Join(", ", new[] { both.Fast, both.Enhanced }.OfType<string>().Select(Path.GetFileName)), null, null),
        EnsembleOptions ensemble => (ensemble.Name, null, null),
        _ => (block.Type.Name, null, null),
    };
}
