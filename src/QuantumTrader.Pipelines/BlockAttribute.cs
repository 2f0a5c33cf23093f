using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Registers a block type under the name that users write as <c>type:</c>. The class derives from one of the block shapes of
/// QuantumTrader.Dataflow and has one public constructor; its parameters are found by type: the options record (any record whose name
/// ends in <c>Options</c>), a <see cref="BlockContext"/>, the run's sections (<see cref="SectionAttribute"/>), and event formats
/// (<see cref="EventFormat{T}"/>). A generic class is registered once, for every event type: the graph closes it over what feeds it.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class BlockAttribute(string type, string summary) : Attribute
{
    /// <summary>Name of the type, such as <c>features.basic</c>.</summary>
    public string Type { get; } = type;

    /// <summary>One sentence for the reference.</summary>
    public string Summary { get; } = summary;

    /// <summary>The block waits for the outside world (disk, network), so it gets a thread of its own.</summary>
    public bool Io { get; init; }

    /// <summary>A source whose events come on somebody else's thread: its edge must name a policy that never blocks.</summary>
    public bool Callback { get; init; }

    /// <summary>A source whose events come over the bus: the switch ZMQ_CONSUME holds them back.</summary>
    public bool FromBus { get; init; }

    /// <summary>The block acts on the outside, such as sending orders: no edge on the way to it may drop events.</summary>
    public bool Trading { get; init; }
}

/// <summary>
/// Registers a top-level section of a pipeline file. The class has one public constructor that takes its options record, a
/// <see cref="SectionContext"/>, other sections and event formats, in any order. It is made once per run, before the blocks.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class SectionAttribute(string name, string summary) : Attribute
{
    /// <summary>Key of the section, such as <c>market</c>.</summary>
    public string Name { get; } = name;

    /// <summary>One sentence for the reference.</summary>
    public string Summary { get; } = summary;
}

/// <summary>Marks an option that must be given.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

/// <summary>Legal range of a number, both ends included.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeAttribute(double min, double max) : Attribute
{
    /// <summary>Smallest legal value.</summary>
    public double Min { get; } = min;

    /// <summary>Largest legal value.</summary>
    public double Max { get; } = max;
}

/// <summary>What a section may need to know of the run.</summary>
/// <param name="Directory">Folder of the pipeline file; relative paths in it start here.</param>
/// <param name="Root">Folder that holds <c>config/</c>: the nearest one above the pipeline file.</param>
public sealed record SectionContext(string Directory, string Root)
{
    /// <summary>The switches of the pipeline.</summary>
    public Switches Switches { get; init; } = new(new SwitchOptions(), []);

    /// <summary>The file as a full path: absolute ones stay, others start at the pipeline's folder, or at the root if that is where they exist.</summary>
    public string Resolve(string path)
    {
        var local = Path.GetFullPath(Path.Combine(Directory, path));
        var rooted = Path.GetFullPath(Path.Combine(Root, path));
        return !Path.Exists(local) && Path.Exists(rooted) ? rooted : local;
    }
}

/// <summary>What a block may need to know of its place in the pipeline.</summary>
/// <param name="Name">The block's name.</param>
/// <param name="Files">Resolves paths.</param>
/// <param name="Clock">Wall clock for pacing and for what is outside the main path; virtual in pipeline tests.</param>
public sealed record BlockContext(string Name, SectionContext Files, TimeProvider Clock)
{
    /// <summary>What happens to an event that finds the block's input edge full.</summary>
    public WhenFull WhenFull { get; init; }

    /// <summary>
    /// The run only looks at what the pipeline makes of what is there: a source sends as fast as its events are taken, whatever speed its
    /// options ask for, and changes nothing outside, such as what a consumer group has still to do.
    /// </summary>
    public bool OnlyLooks { get; init; }

    /// <summary>The switches of the pipeline, to be read at every event.</summary>
    public Switches Switches => Files.Switches;

    /// <summary>The block is only looked at and never run: it may leave out what takes long or needs a library, such as loading a model.</summary>
    public bool IsForCheck { get; init; }
}

/// <summary>
/// Thrown by a block's or section's constructor when its options cannot work, such as a missing file. The loader turns it into a finding
/// at the option's place.
/// </summary>
/// <param name="option">The option's key in YAML, such as <c>model</c>; empty for the whole block.</param>
/// <param name="message">What was found, what is legal, and what to do.</param>
public sealed class ConfigurationException(string option, string message) : Exception(message)
{
    /// <summary>The option's key in YAML.</summary>
    public string Option { get; } = option;

    /// <summary>True when something outside is missing (a file, a library), rather than wrong.</summary>
    public bool Outside { get; init; }

    /// <summary>What else is wrong with the same options.</summary>
    public IReadOnlyList<ConfigurationException> Others { get; init; } = [];
}
