using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>All block types, sections and event codecs of a set of assemblies. Immutable.</summary>
public sealed class BlockRegistry
{
    private readonly Func<Assembly, DocComments> _comments;
    private readonly List<Assembly> _assemblies = [];
    private readonly SortedDictionary<string, BlockType> _blocks = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SectionType> _sections = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, Type> _codecs = [];

    private BlockRegistry(IEnumerable<Assembly> assemblies, Func<Assembly, DocComments> comments)
    {
        _comments = comments;
        var problems = new List<string>();
        var scanner = new RegistryScanner(new OptionsModelReader(comments), comments, problems);
        foreach (var assembly in assemblies.Distinct())
        {
            _assemblies.Add(assembly);
            foreach (var type in assembly.GetTypes())
            {
                Add(type, scanner, problems);
            }
        }

        Sections = scanner.InOrderOfNeed(_sections.Values);
        if (problems.Count > 0)
        {
            throw new RegistryException(problems);
        }
    }

    /// <summary>The block types, by name.</summary>
    public IReadOnlyDictionary<string, BlockType> Blocks => _blocks;

    /// <summary>The sections, each behind those that its constructor takes.</summary>
    public IReadOnlyList<SectionType> Sections { get; }

    /// <summary>The codec class of each event type that has one.</summary>
    public IReadOnlyDictionary<Type, Type> Codecs => _codecs;

    /// <summary>Scans assemblies. Throws <see cref="RegistryException"/> with every mistake in them.</summary>
    public static BlockRegistry Scan(params IEnumerable<Assembly> assemblies) => Scan(assemblies, comments: null);

    /// <summary>Scans assemblies, with another source of doc comments than the files beside them.</summary>
    public static BlockRegistry Scan(IEnumerable<Assembly> assemblies, Func<Assembly, DocComments>? comments) => new(assemblies, comments ?? Cached());

    /// <summary>This registry and further assemblies.</summary>
    public BlockRegistry With(IEnumerable<Assembly> assemblies) => new(_assemblies.Concat(assemblies), _comments);

    private void Add(Type type, RegistryScanner scanner, List<string> problems)
    {
        if (type.GetCustomAttribute<BlockAttribute>() is { } block && scanner.ReadBlock(type, block) is { } blockType && !_blocks.TryAdd(block.Type, blockType))
        {
            problems.Add($"{type.Name}: the block type '{block.Type}' is already registered by {_blocks[block.Type].Class.Name}");
        }

        if (type.GetCustomAttribute<SectionAttribute>() is { } section && scanner.ReadSection(type, section) is { } sectionType && !_sections.TryAdd(section.Name, sectionType))
        {
            problems.Add($"{type.Name}: the section '{section.Name}' is already registered by {_sections[section.Name].Class.Name}");
        }

        if (type.GetCustomAttribute<EventCodecAttribute>() is { } codec && !_codecs.TryAdd(codec.EventType, type))
        {
            problems.Add($"{type.Name}: {codec.EventType.Name} already has the codec {_codecs[codec.EventType].Name}");
        }
    }

    private static Func<Assembly, DocComments> Cached()
    {
        var read = new Dictionary<Assembly, DocComments>();
        return assembly =>
        {
            if (!read.TryGetValue(assembly, out var comments))
            {
                read[assembly] = comments = DocComments.Beside(assembly);
            }

            return comments;
        };
    }
}

/// <summary>Mistakes in the code of blocks and sections, which their programmer must correct.</summary>
public sealed class RegistryException(IReadOnlyList<string> problems) : Exception("Invariant: " + string.Join("; ", problems))
{
    /// <summary>One line per mistake.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
