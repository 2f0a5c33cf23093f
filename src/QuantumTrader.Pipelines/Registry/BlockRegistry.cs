using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>All block types, sections and event formats of a set of assemblies. Immutable.</summary>
public sealed class BlockRegistry
{
    private readonly Func<Assembly, DocComments> _comments;
    private readonly List<Type> _types = [];
    private readonly SortedDictionary<string, BlockType> _blocks = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SectionType> _sections = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, FormatType> _formats = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, FormatType> _formatsByEvent = [];

    private BlockRegistry(IEnumerable<Type> types, Func<Assembly, DocComments> comments)
    {
        _comments = comments;
        var problems = new List<string>();
        var scanner = new RegistryScanner(new OptionsModelReader(comments), comments, problems);
        foreach (var type in types.Distinct())
        {
            _types.Add(type);
            Add(type, scanner, problems);
        }

        Sections = scanner.InOrderOfNeed(_sections.Values, SectionsOf);
        if (problems.Count > 0)
        {
            throw new RegistryException(problems);
        }
    }

    /// <summary>The block types, by name.</summary>
    public IReadOnlyDictionary<string, BlockType> Blocks => _blocks;

    /// <summary>The sections, each behind those that its constructor takes.</summary>
    public IReadOnlyList<SectionType> Sections { get; }

    /// <summary>The outside forms of event types, by the name that users call the event type.</summary>
    public IReadOnlyDictionary<string, FormatType> Formats => _formats;

    /// <summary>The outside form of an event type; null when it has none.</summary>
    public FormatType? FormatOf(Type eventType) => _formatsByEvent.GetValueOrDefault(eventType);

    /// <summary>Scans assemblies. Throws <see cref="RegistryException"/> with every mistake in them.</summary>
    public static BlockRegistry Scan(params IEnumerable<Assembly> assemblies) => Scan(assemblies, comments: null);

    /// <summary>Scans assemblies, and looks at single classes of others.</summary>
    public static BlockRegistry Scan(IEnumerable<Assembly> assemblies, params IEnumerable<Type> classes) => new(TypesOf(assemblies).Concat(classes), Cached());

    /// <summary>Scans assemblies, with another source of doc comments than the files beside them.</summary>
    public static BlockRegistry Scan(IEnumerable<Assembly> assemblies, Func<Assembly, DocComments>? comments) => new(TypesOf(assemblies), comments ?? Cached());

    /// <summary>This registry and further assemblies.</summary>
    public BlockRegistry With(IEnumerable<Assembly> assemblies) => new(_types.Concat(TypesOf(assemblies)), _comments);

    private static IEnumerable<Type> TypesOf(IEnumerable<Assembly> assemblies) => assemblies.SelectMany(a => a.GetTypes());

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

        if (type.GetCustomAttribute<EventFormatAttribute>() is { } format && scanner.ReadFormat(type, format) is { } formatType)
        {
            if (!_formats.TryAdd(format.Name, formatType))
            {
                problems.Add($"{type.Name}: the event format '{format.Name}' is already registered by {_formats[format.Name].Class.Name}");
            }
            else if (!_formatsByEvent.TryAdd(formatType.EventType, formatType))
            {
                problems.Add($"{type.Name}: {formatType.EventType.Name} already has the format {_formatsByEvent[formatType.EventType].Class.Name}");
            }
        }
    }

    /// <summary>The section classes that a constructor needs: those it takes, and those of the formats it takes.</summary>
    internal IEnumerable<Type> SectionsOf(ConstructorInfo constructor) => constructor.GetParameters().SelectMany(p => FormatType.Asked(p.ParameterType) is { } asked
        ? SectionsOf(FormatOf(asked))
        : p.ParameterType.IsDefined(typeof(SectionAttribute)) ? [p.ParameterType] : []);

    /// <summary>The section classes that a format needs; none when there is no format.</summary>
    internal IEnumerable<Type> SectionsOf(FormatType? format) => format is null ? [] : SectionsOf(format.Constructor);

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
public sealed class RegistryException(IReadOnlyList<string> problems) : Exception("Invariant: " + string.Join("; ", problems));
