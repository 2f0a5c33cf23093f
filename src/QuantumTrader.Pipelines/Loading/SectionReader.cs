using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>Reads the registered sections of a file, and decides which of those that are not given are needed.</summary>
internal sealed class SectionReader(BlockRegistry registry, FindingList findings)
{
    private readonly OptionBinder _binder = new(findings);

    /// <summary>Binds every section that is given.</summary>
    public IReadOnlyList<SectionDraft> ReadGiven(MappingReader reader) =>
        [.. registry.Sections.Select(type => reader.Take(type.Name) is { } entry ? Read(type, entry) : null).OfType<SectionDraft>()];

    /// <summary>
    /// Adds the sections that blocks, the formats of what they send, or other sections take, in the order in which they must be made.
    /// </summary>
    public IReadOnlyList<SectionDraft> AddNeeded(IReadOnlyList<SectionDraft> given, IReadOnlyList<BlockDraft> blocks)
    {
        var needs = new Dictionary<Type, string>();
        foreach (var block in blocks.Where(b => b.Type is not null))
        {
            AddNeeds(needs, [.. registry.SectionsOf(block.Type!.Constructor), .. registry.SectionsOf(registry.FormatOf(block.Type.Output))], $"the block '{block.Name}'");
        }

        if (blocks.FirstOrDefault(b => b.Common.Edge?.WhenFull == WhenFull.Spill) is { } spilling
            && registry.Sections.FirstOrDefault(s => typeof(ISpillStore).IsAssignableFrom(s.Class)) is { } spills)
        {
            needs.TryAdd(spills.Class, $"the edge of '{spilling.Name}', which spills,");
        }

        // From the last to the first, because a section is needed by later ones.
        var drafts = given.ToDictionary(g => g.Type.Class);
        foreach (var type in registry.Sections.Reverse())
        {
            if (!drafts.ContainsKey(type.Class) && needs.TryGetValue(type.Class, out var needer))
            {
                drafts[type.Class] = Default(type, needer, blocks);
            }

            if (drafts.ContainsKey(type.Class))
            {
                AddNeeds(needs, registry.SectionsOf(type.Constructor), $"the section '{type.Name}'");
            }
        }

        return [.. registry.Sections.Where(s => drafts.ContainsKey(s.Class)).Select(s => drafts[s.Class])];
    }

    private SectionDraft Read(SectionType type, MappingEntry entry)
    {
        var model = type.Options ?? new OptionsModel(typeof(object), []);
        switch (entry.Value)
        {
            case MappingNode node:
                return new SectionDraft(type, _binder.Bind(model, node, type.Name, entry.Position), entry);
            case ScalarNode { IsNull: true } when !model.HasRequired:
                break;
            case ScalarNode { IsNull: true }:
                return new SectionDraft(type, _binder.Bind(model, new MappingNode(entry.Position, []), type.Name, entry.Position), entry);
            default:
                findings.Add(FindingCodes.WrongKind, entry.Value.Position, type.Name, $"{entry.Value.Kind} stands where a mapping is needed.");
                break;
        }

        return new SectionDraft(type, Activator.CreateInstance(model.Type), entry);
    }

    private SectionDraft Default(SectionType type, string needer, IReadOnlyList<BlockDraft> blocks)
    {
        if (type.Options is { HasRequired: true } options)
        {
            var required = string.Join(", ", options.Options.Where(o => o.IsRequired).Select(o => o.Key));
            var file = blocks.Count > 0 ? blocks[0].Position.File : "";
            findings.Add(FindingCodes.MissingSection, new Position(file, 1, 1), type.Name, $"{needer} needs the section '{type.Name}'; add it, with {required}.");
        }

        return new SectionDraft(type, type.Options is null ? null : Activator.CreateInstance(type.Options.Type), null);
    }

    private static void AddNeeds(Dictionary<Type, string> needs, IEnumerable<Type> sections, string needer)
    {
        foreach (var section in sections)
        {
            needs.TryAdd(section, needer);
        }
    }
}
