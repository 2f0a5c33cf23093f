namespace QuantumTrader.Pipelines;

/// <summary>A value of a pipeline file, with its place. Immutable.</summary>
/// <param name="Position">Where it begins.</param>
public abstract record ConfigNode(Position Position)
{
    /// <summary>What it is, in words for findings.</summary>
    public abstract string Kind { get; }

    /// <summary>Values in it, itself included, aliases written out.</summary>
    internal abstract int Size { get; }
}

/// <summary>A single value.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Raw">As written in the file: the only form that findings may print.</param>
/// <param name="IsQuoted">Written in quotes or as a block of text.</param>
public sealed record ScalarNode(Position Position, string Raw, bool IsQuoted) : ConfigNode(Position)
{
    /// <summary>The text after interpolation.</summary>
    public string Value { get; init; } = Raw;

    /// <summary>True when something was inserted from outside, so that <see cref="Value"/> may be a secret.</summary>
    public bool IsInterpolated { get; init; }

    /// <summary>True for <c>null</c>, <c>~</c> and nothing at all; never through interpolation.</summary>
    public bool IsNull => !IsQuoted && !IsInterpolated && (Raw is "" or "~" or "null" or "Null" or "NULL");

    /// <inheritdoc/>
    public override string Kind => IsNull ? "nothing" : $"'{Shown}'";

    /// <summary><see cref="Raw"/>, cut to a length that fits a message.</summary>
    internal string Shown => Raw.ReplaceLineEndings(" ") is { Length: > 80 } text ? text[..77] + "..." : Raw.ReplaceLineEndings(" ");

    internal override int Size => 1;
}

/// <summary>A list.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Items">Its values in order.</param>
public sealed record SequenceNode(Position Position, IReadOnlyList<ConfigNode> Items) : ConfigNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a list";

    internal override int Size { get; } = Items.Aggregate(1, (sum, item) => Sizes.Add(sum, item.Size));
}

/// <summary>A key with its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Position">Where the key begins.</param>
/// <param name="Value">The value.</param>
public sealed record MappingEntry(string Key, Position Position, ConfigNode Value);

/// <summary>Keys with values, in the order of the file.</summary>
/// <param name="Position">Where it begins.</param>
/// <param name="Entries">Its entries; no key twice.</param>
public sealed record MappingNode(Position Position, IReadOnlyList<MappingEntry> Entries) : ConfigNode(Position)
{
    private readonly Dictionary<string, MappingEntry> _byKey = Entries.ToDictionary(e => e.Key, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Kind => "a mapping";

    /// <summary>The entry of a key; null when there is none.</summary>
    public MappingEntry? this[string key] => _byKey.GetValueOrDefault(key);

    internal override int Size { get; } = Entries.Aggregate(1, (sum, entry) => Sizes.Add(sum, entry.Value.Size));
}

internal static class Sizes
{
    /// <summary>Saturates, because a few nested aliases reach any number.</summary>
    public static int Add(int a, int b) => (int)Math.Min((long)a + b, int.MaxValue);
}
