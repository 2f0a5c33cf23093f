using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>
/// The graph of one test: the pipeline's own blocks, with sources that send what the test inserts, and a collector behind every block
/// that the test expects something of. Left out are the blocks that only feed a port that the test feeds itself, and I/O blocks that
/// the test needs nothing of.
/// </summary>
internal sealed class PipelineTestGraph(PipelinePlan plan, PipelineTest test)
{
    private readonly PipelinePlan _plan = PartialPlan.AtFullSpeed(plan);
    private readonly HashSet<string> _expected = [.. test.Expect.Select(e => e.Block)];
    private readonly HashSet<(string Block, string? Port)> _inserted = [.. test.Insert.Select(i => (i.Block, i.Port))];

    /// <summary>The plan of what is left: with fewer blocks, and only the sections that these need.</summary>
    public PipelinePlan Reduce() => PartialPlan.Keep(
        _plan, Keep().Select(b => b.Type.Shape == BlockShape.Source ? PartialPlan.Replace(b, typeof(InsertedSource<>)) : b));

    /// <summary>Makes the graph of a reduced plan.</summary>
    /// <param name="factory">Makes the blocks.</param>
    /// <param name="clock">The test's clock.</param>
    /// <param name="events">The events that are inserted at a source or a port.</param>
    public (Graph Graph, IReadOnlyDictionary<string, ICollector> Collectors) Build(
        BlockFactory factory, VirtualClock clock, IReadOnlyDictionary<(string Block, string? Port), IReadOnlyList<object>> events)
    {
        var reduced = factory.Plan;
        var builder = new GraphBuilder(_plan.Engine) { HasOneRoot = true };
        var collectors = new Dictionary<string, ICollector>(StringComparer.Ordinal);
        foreach (var (block, part) in reduced.Blocks.Zip(PipelineBuilder.Parts(reduced, factory)))
        {
            if (block.Type.Shape == BlockShape.Source)
            {
                builder.Add(block.Name, Source(block.Type.Output, events.GetValueOrDefault((block.Name, null), []), factory, clock));
            }
            else
            {
                foreach (var port in block.Type.Inputs.Where(p => _inserted.Contains((block.Name, p.Name))))
                {
                    builder.Add(NameOf(block.Name, port.Name), Source(port.EventType, events[(block.Name, port.Name)], factory, clock));
                }

                builder.Add(block.Name, part.Make, [.. part.Inputs.Select(i => _inserted.Contains((block.Name, i.Port)) ? (i.Port, [NameOf(block.Name, i.Port)]) : i)], part.Settings);
            }
        }

        foreach (var expected in test.Expect)
        {
            var collector = Make(typeof(Collector<>), expected.EventType, expected.Events.Count + 1);
            collectors[expected.Block] = (ICollector)collector;
            builder.Add($"{expected.Block} (expected)", collector, [expected.Block]);
        }

        return (builder.Build(), collectors);
    }

    private List<BlockPlan> Keep()
    {
        // Consumers come behind those that feed them, so one pass from the end decides about both.
        var kept = new List<BlockPlan>();
        var feedsPort = new HashSet<string>(StringComparer.Ordinal);
        var feedsKept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var block in _plan.Blocks.Reverse())
        {
            var isWanted = _expected.Contains(block.Name) || _inserted.Any(i => i.Block == block.Name) || feedsKept.Contains(block.Name);
            var isKept = isWanted || !(block.Type.Io || feedsPort.Contains(block.Name));
            foreach (var input in block.Inputs)
            {
                // What only feeds a block that is left out for a port's sake is left out too.
                (isKept && !_inserted.Contains((block.Name, input.Port)) ? feedsKept : isKept || feedsPort.Contains(block.Name) ? feedsPort : []).UnionWith(input.From);
            }

            if (isKept)
            {
                kept.Add(block);
            }
        }

        kept.Reverse();
        return kept;
    }

    private static Block Source(Type eventType, IReadOnlyList<object> events, BlockFactory factory, VirtualClock clock) =>
        Make(typeof(InsertedSource<>), eventType, events, factory.Format(eventType), clock);

    private static Block Make(Type block, Type eventType, params object?[] arguments) => (Block)Activator.CreateInstance(block.MakeGenericType(eventType), arguments)!;

    private static string NameOf(string block, string port) => $"{block}.{port} (inserted)";
}
