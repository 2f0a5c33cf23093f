namespace QuantumTrader.Pipelines;

/// <summary>Reads the mapping <c>blocks</c>.</summary>
internal sealed class BlockReader(BlockRegistry registry, FindingList findings)
{
    private readonly OptionBinder _binder = new(findings);

    public IReadOnlyList<BlockDraft> Read(MappingEntry? blocks, Position root)
    {
        if (blocks is null)
        {
            findings.Add(FindingCodes.MissingKey, root, "blocks", "the required key 'blocks' is missing.");
            return [];
        }

        if (blocks.Value is not MappingNode { Entries.Count: > 0 } mapping)
        {
            findings.Add(FindingCodes.NoBlocks, blocks.Value.Position, "blocks", $"{blocks.Value.Kind} stands where a mapping of names to blocks is needed.");
            return [];
        }

        return [.. mapping.Entries.Select(ReadBlock).OfType<BlockDraft>()];
    }

    private BlockDraft? ReadBlock(MappingEntry entry)
    {
        var path = ConfigPath.Key("blocks", entry.Key);
        if (entry.Key == "<<")
        {
            findings.Add(FindingCodes.MergeKey, entry.Position, path, "merge keys are not supported; write the keys out, or use an overlay.");
            return null;
        }

        if (entry.Value is not MappingNode node)
        {
            findings.Add(FindingCodes.WrongKind, entry.Value.Position, path, $"{entry.Value.Kind} stands where a mapping is needed.", "a mapping with `type:`");
            return null;
        }

        var reader = new MappingReader(node, path, findings);
        var type = ReadType(reader, entry.Position);
        var common = (CommonOptions)_binder.Bind(PipelineKeys.Common, reader, entry.Position);
        var ports = type?.Inputs.Select(p => p.Name) ?? [];
        var inputs = ports.Union([Port.Main]).Select(p => ReadInput(p, reader)).OfType<InputDraft>().ToList();
        var events = type is { HasChosenEvents: true } ? ((ChosenEventsOptions)_binder.Bind(PipelineKeys.ChosenEvents, reader, entry.Position)).Events : null;
        var options = type?.Options is { } model ? _binder.Bind(model, reader, entry.Position) : null;
        if (type is not null)
        {
            reader.RejectOthers();
        }

        if (common.Phase is { } phase && string.IsNullOrWhiteSpace(phase))
        {
            findings.Add(FindingCodes.NoValue, node["phase"]!.Value.Position, reader.PathOf("phase"), "the phase has no name.", "name of a phase of the rollout");
        }

        return new BlockDraft(entry.Key, entry.Position, node, type, inputs, common, options, events);
    }

    private BlockType? ReadType(MappingReader reader, Position owner)
    {
        if (reader.Take("type") is not { } entry)
        {
            findings.Add(FindingCodes.MissingKey, owner, reader.PathOf("type"), "the required key 'type' is missing.");
            return null;
        }

        if (entry.Value is ScalarNode { IsNull: false } scalar)
        {
            if (registry.Blocks.TryGetValue(scalar.Value, out var type))
            {
                return type;
            }

            var nearest = scalar.IsInterpolated ? null : NearestName.Of(scalar.Value, registry.Blocks.Keys);
            findings.Add(FindingCodes.UnknownType, scalar.Position, reader.PathOf("type"), $"no block type is named '{scalar.Shown}'.", nearest: nearest);
            return null;
        }

        findings.Add(FindingCodes.WrongKind, entry.Value.Position, reader.PathOf("type"), $"{entry.Value.Kind} stands where the name of a block type is needed.");
        return null;
    }

    private InputDraft? ReadInput(string port, MappingReader reader)
    {
        if (reader.Take(port) is not { } entry)
        {
            return null;
        }

        var path = reader.PathOf(port);
        var references = entry.Value switch
        {
            SequenceNode list => list.Items.Select((item, i) => ReadReference(item, ConfigPath.Item(path, i))),
            _ => [ReadReference(entry.Value, path)],
        };
        return new InputDraft(port, entry.Value.Position, path, [.. references.OfType<InputReference>()]);
    }

    private InputReference? ReadReference(ConfigNode node, string path)
    {
        if (node is ScalarNode { IsNull: false } scalar)
        {
            return new InputReference(scalar.Value, scalar, path);
        }

        findings.Add(FindingCodes.WrongKind, node.Position, path, $"{node.Kind} stands where the name of a block is needed.", "a block's name, or a list of names");
        return null;
    }
}
