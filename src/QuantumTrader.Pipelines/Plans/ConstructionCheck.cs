using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>A block that can say, before a run, whether what feeds it fits.</summary>
public interface IUpstreamCheck
{
    /// <summary>
    /// Looks at a block that makes events of the port <c>from</c>. Throws <see cref="ConfigurationException"/> when they do not fit; does
    /// nothing when that cannot be known yet.
    /// </summary>
    void CheckUpstream(Block sender);
}

/// <summary>Makes the parts of a plan without running them, and reports everything that refuses.</summary>
public static class ConstructionCheck
{
    /// <summary>The findings; each block is made alone, so that one that refuses its options does not hide the next.</summary>
    /// <param name="plan">What is made.</param>
    /// <param name="clock">Handed to the blocks.</param>
    /// <param name="withModels">Makes the blocks as for a run: models are loaded and answer their golden rows.</param>
    public static IReadOnlyList<Finding> Check(PipelinePlan plan, TimeProvider clock, bool withModels)
    {
        var findings = new List<Finding>();
        try
        {
            using var factory = new BlockFactory(plan with { IsForCheck = !withModels }, clock);
            var blocks = new Dictionary<string, Block>(StringComparer.Ordinal);
            foreach (var block in plan.Blocks)
            {
                Try(() => blocks[block.Name] = factory.Make(block), findings);
            }

            foreach (var block in plan.Blocks)
            {
                if (blocks.GetValueOrDefault(block.Name) is IUpstreamCheck check)
                {
                    Try(() => CheckUpstream(plan, block, check, blocks), findings);
                }
            }

            Try(() => PipelineBuilder.DecoratedParts(plan, factory), findings);
            foreach (var test in plan.Tests)
            {
                PipelineTestEvents.Read(test, factory, findings);
            }

            foreach (var block in blocks.Values)
            {
                block.Dispose();
            }
        }
        catch (FindingException refused)
        {
            findings.AddRange(refused.Findings);
        }

        return findings;
    }

    private static void CheckUpstream(PipelinePlan plan, BlockPlan block, IUpstreamCheck check, Dictionary<string, Block> blocks)
    {
        // Those that only pass events on are looked through, to the blocks that make them.
        var waiting = new Queue<string>(block.Inputs[0].From);
        while (waiting.TryDequeue(out var name))
        {
            if (plan[name] is { Type.PassesThrough: true } passing)
            {
                passing.Inputs[0].From.ToList().ForEach(waiting.Enqueue);
            }
            else if (blocks.TryGetValue(name, out var sender))
            {
                try
                {
                    check.CheckUpstream(sender);
                }
                catch (ConfigurationException refused)
                {
                    throw new FindingException(PipelinePlan.Refuse(plan.Locate(block.Name, refused.Option), refused.Message), refused);
                }
            }
        }
    }

    private static void Try(Action action, List<Finding> findings)
    {
        try
        {
            action();
        }
        catch (FindingException refused)
        {
            findings.AddRange(refused.Findings);
        }
    }
}
