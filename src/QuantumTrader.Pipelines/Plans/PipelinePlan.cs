using System.Globalization;
using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>A pipeline that was checked: everything that is needed to build its graph. Immutable.</summary>
public sealed record PipelinePlan
{
    /// <summary>Name of the pipeline.</summary>
    public required string Name { get; init; }

    /// <summary>The pipeline file as the user named it.</summary>
    public required string File { get; init; }

    /// <summary>Folder of the pipeline file, in full.</summary>
    public required string Directory { get; init; }

    /// <summary>Everything that is registered, plugins included.</summary>
    public required BlockRegistry Registry { get; init; }

    /// <summary>How the engine runs the graph.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>The switches as file and environment have them.</summary>
    public SwitchOptions Switches { get; init; } = new();

    /// <summary>Phases whose blocks are left out, because their switch is off.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>The sections that are given or needed, each behind those that it takes.</summary>
    public required IReadOnlyList<SectionPlan> Sections { get; init; }

    /// <summary>The blocks in topological order.</summary>
    public required IReadOnlyList<BlockPlan> Blocks { get; init; }

    /// <summary>The run only looks at what the pipeline makes: see <see cref="BlockContext.OnlyLooks"/>.</summary>
    public bool OnlyLooks { get; init; }

    /// <summary>True when the blocks are only looked at and never run; see <see cref="BlockContext.IsForCheck"/>.</summary>
    public bool IsForCheck { get; init; }

    /// <summary>The pipeline's own tests.</summary>
    public required IReadOnlyList<PipelineTest> Tests { get; init; }

    /// <summary>The whole file as a tree, overlays and sets laid over it.</summary>
    public required MappingNode Root { get; init; }

    /// <summary>The block of a name. Throws <see cref="KeyNotFoundException"/> when there is none.</summary>
    public BlockPlan this[string block] =>
        Blocks.FirstOrDefault(b => b.Name == block) ?? throw new KeyNotFoundException($"no block is named '{block}'");

    /// <summary>Place and path of an option of a block; of the block itself when the option is empty or not given.</summary>
    public (Position At, string Path) Locate(string block, string option) => Locate(this[block].Node, this[block].Position, $"blocks.{block}", option);

    /// <summary>Place and path of an option of a section; of the file's begin when the section is not given.</summary>
    public (Position At, string Path) LocateSection(string section, string option) => Root[section] is { } entry
        ? Locate(entry.Value, entry.Position, section, option)
        : (new Position(File, 1, 1), section);

    /// <summary>The finding that says what a constructor refused, at the option it named.</summary>
    internal static Finding Refuse((Position At, string Path) place, string message) => new(
        FindingCodes.Refused.Severity, FindingCodes.Refused.Id, place.At.File, place.At.Line, place.At.Column, place.Path, message);

    // The option is a path of keys and, in brackets, numbers of list items: phases[1].serve.deadline.
    private static (Position At, string Path) Locate(ConfigNode? node, Position owner, string path, string option)
    {
        var at = owner;
        foreach (var part in option.Replace("[", ".[", StringComparison.Ordinal).Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            var index = part[0] == '[' ? int.Parse(part.AsSpan(1, part.Length - 2), CultureInfo.InvariantCulture) : -1;
            path = index >= 0 ? ConfigPath.Item(path, index) : ConfigPath.Key(path, part);
            node = index < 0 ? (node as MappingNode)?[part]?.Value : node is SequenceNode list && index < list.Items.Count ? list.Items[index] : null;
            if (node is null)
            {
                return (at, path);
            }

            at = node.Position;
        }

        return (at, path);
    }
}

/// <summary>A section of a plan.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Options">Its options record; null when the type has none.</param>
public sealed record SectionPlan(SectionType Type, object? Options);

/// <summary>One port of a block of a plan.</summary>
/// <param name="Port">The port.</param>
/// <param name="From">Names of the blocks that feed it, in the order of the file.</param>
public sealed record InputPlan(string Port, IReadOnlyList<string> From);

/// <summary>A block of a plan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Options">Its options record; null when the type has none.</param>
/// <param name="Inputs">Its ports, <c>from</c> first; none for a source.</param>
/// <param name="Settings">How it runs.</param>
/// <param name="Phase">Phase of the rollout that switches it on; null when it is always on.</param>
/// <param name="Position">Where its name stands in the file.</param>
/// <param name="Node">Its mapping in the file.</param>
public sealed record BlockPlan(
    string Name, BlockType Type, object? Options, IReadOnlyList<InputPlan> Inputs, BlockSettings Settings, string? Phase, Position Position, MappingNode Node);

/// <summary>What loading a pipeline gave.</summary>
/// <param name="Plan">The plan; null when there is an error among the findings.</param>
/// <param name="Findings">Everything that was found, by position.</param>
public sealed record LoadResult(PipelinePlan? Plan, IReadOnlyList<Finding> Findings);
