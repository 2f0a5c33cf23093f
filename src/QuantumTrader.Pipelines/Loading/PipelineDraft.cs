namespace QuantumTrader.Pipelines;

/// <summary>A pipeline as far as it could be read: what the checks work on.</summary>
internal sealed record PipelineDraft(MappingNode Root, BlockRegistry Registry, IReadOnlyList<BlockDraft> Blocks, IReadOnlyList<SectionDraft> Sections)
{
    private readonly Dictionary<string, BlockDraft> _byName = Blocks.ToDictionary(b => b.Name, StringComparer.Ordinal);

    public BlockDraft? this[string name] => _byName.GetValueOrDefault(name);

    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>The blocks that feed a block, at all its ports; unknown names are left out.</summary>
    public IEnumerable<BlockDraft> Feeding(BlockDraft block) => block.Inputs.SelectMany(i => i.From).Select(r => this[r.Block]).OfType<BlockDraft>();
}

/// <summary>One block as read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Position">Where the name stands.</param>
/// <param name="Node">Its mapping.</param>
/// <param name="Type">Its type; null when that is unknown, so that nothing can be said about its ports.</param>
/// <param name="Inputs">What feeds its ports.</param>
/// <param name="Common">The keys that every block has.</param>
/// <param name="Options">Its options record; null when the type has none.</param>
/// <param name="Events">Name of the events that the user chose for a source; null for every other block.</param>
internal sealed record BlockDraft(
    string Name, Position Position, MappingNode Node, BlockType? Type, IReadOnlyList<InputDraft> Inputs, CommonOptions Common, object? Options, string? Events)
{
    public string Path => ConfigPath.Key("blocks", Name);

    /// <summary>Place and path of a value of this block, or of what it would be in when it is not given.</summary>
    public (Position At, string Path) Locate(params ReadOnlySpan<string> keys)
    {
        var (at, path, node) = (Position, Path, Node);
        foreach (var key in keys)
        {
            if (node?[key] is not { } entry)
            {
                break;
            }

            (at, path, node) = (entry.Value.Position, ConfigPath.Key(path, key), entry.Value as MappingNode);
        }

        return (at, path);
    }
}

/// <summary>One port of a block as read.</summary>
internal sealed record InputDraft(string Port, Position Position, string Path, IReadOnlyList<InputReference> From);

/// <summary>One name at a port.</summary>
internal sealed record InputReference(string Block, ScalarNode Node, string Path);

/// <summary>One section as read, or one that is left to its defaults.</summary>
internal sealed record SectionDraft(SectionType Type, object? Options, MappingEntry? Entry);
