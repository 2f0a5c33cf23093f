using System.Globalization;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Checks;

/// <summary>What a check found of one block.</summary>
/// <param name="Block">Name of the block.</param>
/// <param name="Vectors">Vectors compared.</param>
/// <param name="Problem">The first difference in words; null when there is none.</param>
internal sealed record CheckResult(string Block, long Vectors, string? Problem)
{
    /// <summary>There was something to compare, and no difference.</summary>
    public bool IsGood => Problem is null && Vectors > 0;

    public override string ToString() => Problem is not null ? $"{Block}: RED. {Problem}"
        : Vectors == 0 ? $"{Block}: RED. Nothing could be compared; give the pipeline more data."
        : string.Create(CultureInfo.InvariantCulture, $"{Block}: green, {Vectors:N0} vectors compared.");
}

/// <summary>The check could not be made; the message says why.</summary>
internal sealed class CheckException(string message) : Exception(message);

/// <summary>Runs a pipeline's feature blocks whole and changed, and compares their vectors.</summary>
internal static class FeatureChecks
{
    /// <summary>Vectors per block that are held for comparison; a run is not compared beyond them.</summary>
    private const int Most = 100_000;

    private const long Minute = 60_000_000_000L;

    /// <summary>Replaces the future of random events: what was sent before must stay, bit by bit.</summary>
    public static Task<IReadOnlyList<CheckResult>> LookaheadAsync(PipelinePlan plan, int cuts, int seed, CancellationToken token) =>
        RunAsync(plan, cuts, seed, (vector, _) => (new AnotherFuture(vector.Sequence), (whole, part) => Unchanged(whole, part, vector.Sequence)), token);

    /// <summary>Starts at random hours (minutes, if the stream is short): what is warm must agree.</summary>
    public static Task<IReadOnlyList<CheckResult>> WarmupAsync(PipelinePlan plan, int cuts, int seed, CancellationToken token) =>
        RunAsync(plan, cuts, seed, (vector, length) =>
        {
            // Aligned, so that the start cuts no candle: what is cut is not seen whole, and that no block can know.
            var start = vector.EventTime - (vector.EventTime % (length < 120 * Minute ? Minute : 60 * Minute));
            return (new LaterStart(start), Agreeing);
        }, token);

    private delegate (long Compared, string? Problem) Comparison(IReadOnlyList<FeatureVector> whole, IReadOnlyList<FeatureVector> part);

    private static async Task<IReadOnlyList<CheckResult>> RunAsync(
        PipelinePlan plan, int cuts, int seed, Func<FeatureVector, long, (Filter<MarketEvent> Change, Comparison Compare)> cut, CancellationToken token)
    {
        var blocks = PartialRun.FeatureBlocks(plan).Select(b => b.Name).ToList();
        if (blocks.Count == 0)
        {
            throw new CheckException($"{plan.File} has no block that makes feature vectors, so there is nothing to check.");
        }

        var root = RootOf(plan, blocks);
        var whole = await RecordAsync(plan, blocks, null, token).ConfigureAwait(false);
        var results = blocks.ToDictionary(b => b, b => new CheckResult(b, 0, null), StringComparer.Ordinal);
        var random = new Random(seed);
        var candidates = whole.Values.MaxBy(v => v.Count)!;
        var length = candidates.Count == 0 ? 0 : candidates[^1].EventTime - candidates[0].EventTime;
        for (var i = 0; i < cuts && candidates.Count > 0; i++)
        {
            var (change, compare) = cut(candidates[random.Next(candidates.Count)], length);
            var part = await RecordAsync(plan, blocks, (root, change), token).ConfigureAwait(false);
            foreach (var block in blocks)
            {
                var (compared, problem) = compare(whole[block], part[block]);
                results[block] = results[block] with { Vectors = results[block].Vectors + compared, Problem = results[block].Problem ?? problem };
            }
        }

        return [.. results.Values];
    }

    private static async Task<Dictionary<string, List<FeatureVector>>> RecordAsync(PipelinePlan plan, IReadOnlyList<string> blocks, (string, Block)? insert, CancellationToken token)
    {
        var recorders = blocks.ToDictionary(b => b, _ => new Recorder(), StringComparer.Ordinal);
        var report = await PartialRun.RunAsync(plan, recorders.ToDictionary(r => r.Key, r => (Observer<FeatureVector>)r.Value, StringComparer.Ordinal), insert, token).ConfigureAwait(false);
        return PartialRun.Problem(report) is { } problem
            ? throw new CheckException(problem)
            : recorders.ToDictionary(r => r.Key, r => r.Value.Vectors, StringComparer.Ordinal);
    }

    // The block that gives the stream its order: the changed stream keeps the sequences, so that vectors can be told apart by them.
    private static string RootOf(PipelinePlan plan, IEnumerable<string> blocks)
    {
        var roots = new SortedSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>(blocks);
        while (next.TryPop(out var name))
        {
            var block = plan[name];
            if (block.Type.Resequences || block.Inputs.Count == 0)
            {
                roots.Add(name);
                continue;
            }

            foreach (var from in block.Inputs.SelectMany(i => i.From))
            {
                next.Push(from);
            }
        }

        return roots.Count == 1 && plan[roots.Min!].Type.Output == typeof(MarketEvent)
            ? roots.Min!
            : throw new CheckException($"The feature blocks of {plan.File} stand behind {string.Join(" and ", roots)}; a check needs one block that sends market events behind which they all stand.");
    }

    private static (long, string?) Unchanged(IReadOnlyList<FeatureVector> whole, IReadOnlyList<FeatureVector> part, long sequence)
    {
        var before = whole.TakeWhile(v => v.Sequence <= sequence).ToList();
        for (var i = 0; i < before.Count; i++)
        {
            if (i >= part.Count || (part[i].Sequence, part[i].EventTime, part[i].Symbol) != (before[i].Sequence, before[i].EventTime, before[i].Symbol))
            {
                return (i, string.Create(CultureInfo.InvariantCulture, $"The vector of event {before[i].Sequence} (time {before[i].EventTime}) is not there, or another, when the stream changes behind event {sequence}."));
            }

            for (var f = 0; f < before[i].Values.Length; f++)
            {
                if (BitConverter.DoubleToInt64Bits(before[i].Values[f]) != BitConverter.DoubleToInt64Bits(part[i].Values[f]) || before[i].IsWarm(f) != part[i].IsWarm(f))
                {
                    return (i, string.Create(CultureInfo.InvariantCulture, $"'{before[i].Schema.Names[f]}' looks ahead: at event {before[i].Sequence} it was {before[i].Values[f]:R}, and {part[i].Values[f]:R} when the stream changes behind event {sequence}."));
                }
            }
        }

        return (before.Count, null);
    }

    private static (long, string?) Agreeing(IReadOnlyList<FeatureVector> whole, IReadOnlyList<FeatureVector> part)
    {
        var known = whole.ToLookup(v => (v.Symbol, v.EventTime, v.Sequence));
        var compared = 0L;
        foreach (var late in part)
        {
            if (whole.Count == Most && late.Sequence > whole[^1].Sequence)
            {
                break;
            }

            var all = known[(late.Symbol, late.EventTime, late.Sequence)].ToList();
            if (all.Count == 0)
            {
                return (compared, string.Create(CultureInfo.InvariantCulture, $"The vector of event {late.Sequence} (time {late.EventTime}) is sent only by a run that starts later."));
            }

            for (var f = 0; f < late.Values.Length; f++)
            {
                var place = f;
                var value = late.Values[f];
                // What comes from history depends on what the store holds, not on when the stream began.
                var isOfHistory = f < late.Schema.Definitions.Count && late.Schema.Definitions[f].Inputs.Contains("history", StringComparison.Ordinal);
                if (!isOfHistory && late.IsWarm(f) && !all.Exists(v => v.IsWarm(place) && Math.Abs(v.Values[place] - value) <= 1e-9 * Math.Max(1e-3, Math.Abs(value))))
                {
                    return (compared, string.Create(CultureInfo.InvariantCulture, $"'{late.Schema.Names[f]}' is warm too early: at event {late.Sequence} (time {late.EventTime}) it is {value:R} for a run that starts later, and {all[0].Values[f]:R} for the whole run."));
                }
            }

            compared++;
        }

        return (compared, null);
    }

    private sealed class Recorder : Observer<FeatureVector>
    {
        public List<FeatureVector> Vectors { get; } = [];

        public override void Observe(Run<FeatureVector> run)
        {
            foreach (ref readonly var vector in run)
            {
                if (Vectors.Count < Most)
                {
                    Vectors.Add(FeatureVector.Keep(in vector));
                }
            }
        }
    }

    // Some events are missing, the others have other prices and quantities.
    private sealed class AnotherFuture(long sequence) : Filter<MarketEvent>
    {
        public override void Process(EditableRun<MarketEvent> run)
        {
            foreach (ref var e in run)
            {
                if (e.Sequence <= sequence)
                {
                    continue;
                }

                if (e.Sequence <= sequence + 1000 && e.Sequence % 2 == 1)
                {
                    run.Drop("another_future");
                }
                else if (e.Kind is EventKind.Trade or EventKind.Quote or EventKind.BookTop)
                {
                    e.Price += e.Price / 8;
                    e.Quantity *= 2;
                }
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
