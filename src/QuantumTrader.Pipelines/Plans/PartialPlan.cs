using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Plans of runs that only look at what a pipeline makes: a part of its blocks, with nothing that acts on the outside. A block that only
/// reads, as sinks do, is replaced by one that does nothing, so that whoever is fed by it still is.
/// </summary>
public static class PartialPlan
{
    /// <summary>The plan of some blocks and of all that feed them.</summary>
    /// <exception cref="FindingException">One of them sends orders outside.</exception>
    public static PipelinePlan Of(PipelinePlan plan, params IEnumerable<string> blocks)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var needed = new HashSet<string>(blocks, StringComparer.Ordinal);

        // Blocks come behind those that feed them.
        foreach (var block in plan.Blocks.Reverse().Where(b => needed.Contains(b.Name)))
        {
            needed.UnionWith(block.Inputs.SelectMany(i => i.From));
        }

        return Keep(plan, plan.Blocks.Where(b => needed.Contains(b.Name)));
    }

    /// <summary>
    /// The plan of a run that only looks, without any hold on its pace: sources send as fast as their events are taken and change nothing
    /// outside, and an edge that may drop waits instead, because what it drops depends on the speed of the machine.
    /// </summary>
    public static PipelinePlan AtFullSpeed(PipelinePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan with { OnlyLooks = true, Blocks = [.. plan.Blocks.Select(b => b with { Settings = Lossless(b.Settings) })] };
    }

    /// <summary>The plan of just these blocks, and of the sections that they and the formats of their events need.</summary>
    internal static PipelinePlan Keep(PipelinePlan plan, IEnumerable<BlockPlan> blocks)
    {
        var kept = blocks.Select(b => b.Type.Shape == BlockShape.Observer ? Replace(b, typeof(Bystander<>)) : b).ToList();
        if (kept.Find(b => b.Type is { Trading: true, Io: true }) is { } live)
        {
            var refused = new ConfigurationException("", $"'{live.Name}' sends orders outside, so only qt run runs it. Look at what feeds it instead: {string.Join(", ", live.Inputs.SelectMany(i => i.From))}.");
            throw new FindingException(PipelinePlan.Refuse(plan.Locate(live.Name, refused.Option), refused.Message), refused);
        }

        return plan with { Blocks = kept, Sections = SectionsOf(plan, kept) };
    }

    /// <summary>The sections that some blocks and the formats of their events need, each behind those that it takes.</summary>
    internal static IReadOnlyList<SectionPlan> SectionsOf(PipelinePlan plan, IEnumerable<BlockPlan> blocks)
    {
        var needed = new HashSet<Type>();
        foreach (var block in blocks)
        {
            needed.UnionWith(plan.Registry.SectionsOf(block.Type.Constructor));
            needed.UnionWith(block.Type.Inputs.Select(p => p.EventType).Append(block.Type.Output).SelectMany(t => plan.Registry.SectionsOf(plan.Registry.FormatOf(t))));
            needed.UnionWith(block.Settings.Edge?.WhenFull == WhenFull.Spill ? plan.Sections.Select(s => s.Type.Class).Where(c => c.IsAssignableTo(typeof(ISpillStore))) : []);
        }

        // From the last to the first, because a section is needed by later ones.
        foreach (var section in plan.Sections.Reverse().Where(s => needed.Contains(s.Type.Class)))
        {
            needed.UnionWith(plan.Registry.SectionsOf(section.Type.Constructor));
        }

        return [.. plan.Sections.Where(s => needed.Contains(s.Type.Class))];
    }

    /// <summary>The block with another class, which has the same ports and takes no options.</summary>
    internal static BlockPlan Replace(BlockPlan block, Type openClass)
    {
        var closed = openClass.MakeGenericType(block.Type.Output);
        return block with
        {
            Type = block.Type with { Class = closed, Constructor = closed.GetConstructors().Single() },
            Options = null,
            Settings = block.Settings with { Io = false },
        };
    }

    private static BlockSettings Lossless(BlockSettings settings) =>
        settings.Edge is { } edge ? settings with { Edge = edge with { WhenFull = WhenFull.Block } } : settings;

    private sealed class Bystander<T> : Observer<T> where T : struct, IEvent<T>
    {
        public override void Observe(Run<T> run) { }
    }
}
