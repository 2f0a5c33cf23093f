using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>An input of a block type.</summary>
/// <param name="Name">Key in YAML: <c>from</c> or the side port's name.</param>
/// <param name="EventType">Type of the events it takes.</param>
public sealed record Port(string Name, Type EventType)
{
    /// <summary>True when it takes any type of events: <see cref="EventType"/> is then the class's own type parameter.</summary>
    public bool IsOpen => EventType.IsGenericParameter;

    /// <summary>What it takes, in words.</summary>
    public string Words => IsOpen ? "any event type" : EventType.Name;

    /// <summary>True when it may be fed with such events, as far as that is known.</summary>
    public bool Takes(Type sent) => IsOpen || sent.IsGenericParameter || sent == EventType;

    /// <summary>Name of the first port of every block that has an input.</summary>
    public const string Main = "from";
}

/// <summary>Which of the engine's shapes a block has.</summary>
public enum BlockShape
{
    /// <summary>Brings events in.</summary>
    Source,

    /// <summary>Reads one or two streams and writes another.</summary>
    Operator,

    /// <summary>Changes or removes events of one stream.</summary>
    Filter,

    /// <summary>Only reads.</summary>
    Observer,

    /// <summary>Hosts a block of System.Threading.Tasks.Dataflow.</summary>
    Propagator,
}

/// <summary>A registered block type.</summary>
public sealed record BlockType
{
    /// <summary>What users write as <c>type:</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The doc comments of its assembly.</summary>
    public required DocComments Comments { get; init; }

    /// <summary>An example in YAML; empty when there is none.</summary>
    public string Example => Comments.Example(Class);

    /// <summary>The class.</summary>
    public required Type Class { get; init; }

    /// <summary>Its only public constructor.</summary>
    public required ConstructorInfo Constructor { get; init; }

    /// <summary>Which shape it has.</summary>
    public required BlockShape Shape { get; init; }

    /// <summary>Its inputs, <c>from</c> first; none for a source.</summary>
    public required IReadOnlyList<Port> Inputs { get; init; }

    /// <summary>Type of the events it sends; an observer passes on what it reads. A type parameter as long as it is <see cref="IsOpen"/>.</summary>
    public required Type Output { get; init; }

    /// <summary>Its options; null when it has none.</summary>
    public required OptionsModel? Options { get; init; }

    /// <summary>Waits for the outside world.</summary>
    public bool Io { get; init; }

    /// <summary>Source whose events come on somebody else's thread.</summary>
    public bool Callback { get; init; }

    /// <summary>Source whose events come over the bus.</summary>
    public bool FromBus { get; init; }

    /// <summary>Acts on the outside.</summary>
    public bool Trading { get; init; }

    /// <summary>Numbers its output itself.</summary>
    public bool Resequences { get; init; }

    /// <summary>Merges inputs of different roots by a key of its own.</summary>
    public bool MergesRoots { get; init; }

    /// <summary>Keeps its state per partition key.</summary>
    public bool Partitioned { get; init; }

    /// <summary>
    /// True for a generic class whose event type is not yet known: a block's is that of what feeds it, a source's is named by <c>events</c>.
    /// </summary>
    public bool IsOpen => Class.IsGenericTypeDefinition;

    /// <summary>True for a source whose events the user chooses.</summary>
    public bool HasChosenEvents => Shape == BlockShape.Source && Class.IsGenericType;

    /// <summary>True for the root of an order of events.</summary>
    public bool IsRoot => Shape == BlockShape.Source || Resequences;

    /// <summary>True when nobody needs to use its output.</summary>
    public bool IsSink => Shape == BlockShape.Observer || Trading || Io;

    /// <summary>True when it sends the same events that it reads.</summary>
    public bool PassesThrough => Shape is BlockShape.Observer or BlockShape.Filter;

    /// <summary>An open block type for one type of events.</summary>
    internal BlockType For(Type eventType)
    {
        var closed = Class.MakeGenericType(eventType);
        return this with
        {
            Class = closed,
            Constructor = closed.GetConstructors().Single(),
            Inputs = [.. Inputs.Select(p => p.IsOpen ? p with { EventType = eventType } : p)],
            Output = Output.IsGenericParameter ? eventType : Output,
        };
    }
}

/// <summary>A registered section.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Class">The class.</param>
/// <param name="Constructor">Its only public constructor.</param>
/// <param name="Options">Its options; null when it has none.</param>
public sealed record SectionType(string Name, string Summary, Type Class, ConstructorInfo Constructor, OptionsModel? Options);
