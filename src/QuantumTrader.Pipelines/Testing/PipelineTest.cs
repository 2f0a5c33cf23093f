namespace QuantumTrader.Pipelines;

/// <summary>One test of a pipeline file: events that go in, and what must come out.</summary>
/// <param name="Name">What it says of the pipeline.</param>
/// <param name="Insert">What goes in, in the order of the file.</param>
/// <param name="Expect">What must come out.</param>
/// <param name="Tolerance">Largest difference between numbers that count as equal.</param>
/// <param name="Position">Where the test begins.</param>
public sealed record PipelineTest(
    string Name, IReadOnlyList<InsertedEvents> Insert, IReadOnlyList<ExpectedEvents> Expect, decimal Tolerance, Position Position);

/// <summary>Events that a test puts into the graph.</summary>
/// <param name="Block">A source, which then seems to have sent them, or the block whose port takes them.</param>
/// <param name="Port">The port; null for a source.</param>
/// <param name="EventType">Type of the events.</param>
/// <param name="Events">The events.</param>
public sealed record InsertedEvents(string Block, string? Port, Type EventType, IReadOnlyList<EventText> Events);

/// <summary>What a block must have sent: as many events as listed here, each with at least these fields.</summary>
/// <param name="Block">The block.</param>
/// <param name="EventType">Type of the events.</param>
/// <param name="Events">The events.</param>
/// <param name="Position">Where the list begins.</param>
/// <param name="Path">Its place in the tree, such as <c>tests[0].expect.signal</c>.</param>
public sealed record ExpectedEvents(string Block, Type EventType, IReadOnlyList<EventText> Events, Position Position, string Path);

/// <summary>An event, or a part of one, as written in a test.</summary>
/// <param name="Fields">Texts by field.</param>
/// <param name="Position">Where it begins.</param>
/// <param name="Path">Its place in the tree, such as <c>tests[0].expect.signal[1]</c>.</param>
/// <param name="Node">Its mapping in the file.</param>
public sealed record EventText(IReadOnlyDictionary<string, string> Fields, Position Position, string Path, MappingNode Node)
{
    /// <summary>Place and path of a field; of the event when it is not given.</summary>
    internal (Position At, string Path) Locate(string field) =>
        Node[field] is { } entry ? (entry.Value.Position, ConfigPath.Key(Path, field)) : (Position, Path);
}

/// <summary>One thing that did not come out as expected.</summary>
/// <param name="At">Where it was expected.</param>
/// <param name="Path">The same as a place in the tree; empty for the whole test.</param>
/// <param name="Message">What was expected and what was found.</param>
public sealed record TestDifference(Position At, string Path, string Message)
{
    /// <summary>The difference as one line, in the form of a <see cref="Finding"/>.</summary>
    public override string ToString() => $"{At.File}:{At.Line}:{At.Column}: {(Path.Length > 0 ? Path + ": " : "")}{Message}";
}
