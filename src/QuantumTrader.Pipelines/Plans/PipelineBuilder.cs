using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>One block, ready to be added to a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Make">Makes an instance; the argument is the instance's number under parallelism.</param>
/// <param name="Inputs">Its ports with the blocks that feed them.</param>
/// <param name="Settings">How it runs.</param>
public sealed record GraphPart(string Name, Func<int, Block> Make, IReadOnlyList<(string Port, IReadOnlyList<string> From)> Inputs, BlockSettings Settings);

/// <summary>Turns a plan into the parts of a graph. This is the only file of the project that knows how a graph is put together.</summary>
public static class PipelineBuilder
{
    /// <summary>The parts in topological order.</summary>
    public static IReadOnlyList<GraphPart> Parts(PipelinePlan plan, BlockFactory factory) =>
    [
        .. plan.Blocks.Select(block => new GraphPart(
            block.Name,
            _ => factory.Make(block),
            [.. block.Inputs.Select(i => (i.Port, i.From))],
            block.Settings)),
    ];

    /// <summary>The parts with what the plan's sections put around them.</summary>
    /// <exception cref="FindingException">A section refuses the parts.</exception>
    public static IReadOnlyList<GraphPart> DecoratedParts(PipelinePlan plan, BlockFactory factory)
    {
        var parts = Parts(plan, factory);
        foreach (var section in plan.Sections)
        {
            if (factory.Section(section.Type) is IGraphDecorator decorator)
            {
                try
                {
                    parts = decorator.Decorate(parts, factory);
                }
                catch (ConfigurationException e)
                {
                    throw FindingException.Of(e, option => plan.LocateSection(section.Type.Name, option));
                }
            }
        }

        return SwitchGates.Around(parts, plan, factory.Switches);
    }

    /// <summary>A builder that has the bare parts, to which more can be added.</summary>
    public static GraphBuilder Begin(PipelinePlan plan, BlockFactory factory) => Begin(plan, factory, Parts(plan, factory));

    private static GraphBuilder Begin(PipelinePlan plan, BlockFactory factory, IReadOnlyList<GraphPart> parts)
    {
        var builder = new GraphBuilder(plan.Engine, factory.Section<ISpillStore>());
        foreach (var part in parts)
        {
            builder.Add(part.Name, part.Make, part.Inputs, part.Settings);
        }

        return builder;
    }

    /// <summary>Makes the blocks and connects them.</summary>
    /// <exception cref="FindingException">A block refuses its options.</exception>
    public static Graph Build(PipelinePlan plan, BlockFactory factory)
    {
        try
        {
            return Begin(plan, factory, DecoratedParts(plan, factory)).Build();
        }
        catch (ConfigurationException e)
        {
            // Only a spill is made this late: what it is for is known when the edges are.
            throw new FindingException(PipelinePlan.Refuse(plan.LocateSection("spill", e.Option), e.Message), e);
        }
    }
}
