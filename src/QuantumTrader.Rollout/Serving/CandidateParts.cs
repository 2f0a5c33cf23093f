using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>The blocks of a candidate, which become the same graph wherever it runs.</summary>
/// <param name="Source">Name under which they know the source of their operations.</param>
/// <param name="Answering">The part that answers.</param>
/// <param name="Own">The candidate's parts, in topological order.</param>
/// <param name="Repeating">The part that answers when the baseline is asked again.</param>
/// <param name="Again">Its parts; none when nobody asks.</param>
internal sealed record CandidateParts(string Source, string Answering, IReadOnlyList<GraphPart> Own, string Repeating, IReadOnlyList<GraphPart> Again)
{
    // Operations on each edge of a candidate's graph.
    private const int MaxUnderWay = 256;

    /// <summary>How the graph of a candidate runs: given up when it does not end in time.</summary>
    public static EngineSettings Engine(EngineSettings engine, int batch, TimeSpan hangAfter, ThreadRank? rank) =>
        engine with { Batch = batch, Fuse = true, Workers = 1, Rank = rank, Hashes = false, DrainDeadline = hangAfter };

    /// <summary>Connects them. A candidate's throw is a missing answer, not the end of its graph; and no edge of it sheds: that is done in front of all of it, and counted.</summary>
    public Graph Build<TIn, TOut>(PipelinePlan plan, TimeSpan hangAfter, CandidateEnds<TIn, TOut> ends, ThreadRank? rank)
        where TIn : struct, IEvent<TIn>
        where TOut : struct, IEvent<TOut>
    {
        // One by one: an answer does not wait for those behind it, and one operation that hangs is told from many that take their time.
        // And few on their way: those that wait do so in front of the graph, where they are shed.
        var engine = Engine(plan.Engine, 1, hangAfter, rank) with { Capacity = Math.Min(plan.Engine.Capacity, MaxUnderWay) };
        var builder = new GraphBuilder(engine).Add(Source, ends.Feed);
        foreach (var part in Own.Concat(Again))
        {
            var isHosted = plan.Blocks.Any(b => b.Name == part.Name && b.Type.Shape == BlockShape.Propagator);
            builder.Add(part.Name, part.Make, part.Inputs, part.Settings with { OnError = isHosted ? OnError.Fail : OnError.Drop, Edge = null });
        }

        builder.Add("answers", ends.Answers, [Answering]);
        return (Again.Count > 0 ? builder.Add("repetitions", ends.Repetitions, [Repeating]) : builder).Build();
    }
}
