namespace QuantumTrader.Pipelines;

/// <summary>
/// Closes generic block types over the type of their events: what the upstream block sends, also through chains of generic blocks, or
/// for a source what the user chose. What cannot be known stays open; the mistake behind it is reported elsewhere.
/// </summary>
internal static class EventTypeInference
{
    /// <summary>The blocks in the same order, closed.</summary>
    public static IReadOnlyList<BlockDraft> Close(PipelineDraft draft, FindingList findings)
    {
        var known = new Dictionary<string, BlockDraft>(StringComparer.Ordinal);
        foreach (var block in GraphOrder.Of(draft).Ordered)
        {
            known[block.Name] = block.Type is { IsOpen: true } type && EventsOf(block, type, draft.Registry, known, findings) is { } events
                ? block with { Type = type.For(events) }
                : block;
        }

        return [.. draft.Blocks.Select(b => known.GetValueOrDefault(b.Name, b))];
    }

    private static Type? EventsOf(BlockDraft block, BlockType type, BlockRegistry registry, Dictionary<string, BlockDraft> known, FindingList findings)
    {
        if (block.Events is { } name)
        {
            return Chosen(name, block, registry, findings);
        }

        // Inputs that send other types than the first are reported by the check of event types.
        return block.Inputs
            .Where(i => type.Inputs.Any(p => p.Name == i.Port && p.IsOpen))
            .SelectMany(i => i.From)
            .Select(r => known.GetValueOrDefault(r.Block)?.Type?.Output)
            .FirstOrDefault(sent => sent is { IsGenericParameter: false });
    }

    private static Type? Chosen(string name, BlockDraft block, BlockRegistry registry, FindingList findings)
    {
        if (registry.Formats.TryGetValue(name, out var format))
        {
            return format.EventType;
        }

        var (at, _) = block.Locate("events");
        var shown = (block.Node["events"]?.Value as ScalarNode)?.Shown ?? name;
        findings.Add(FindingCodes.UnknownEvents, at, ConfigPath.Key(block.Path, "events"), $"no type of events is named '{shown}'.", string.Join(", ", registry.Formats.Keys), NearestName.Of(shown, registry.Formats.Keys));
        return null;
    }
}
