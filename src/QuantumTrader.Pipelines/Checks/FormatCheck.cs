namespace QuantumTrader.Pipelines;

/// <summary>A block that takes events outside or brings them in needs the outside form of their type.</summary>
internal sealed class FormatCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks.Where(b => b.Type is { IsOpen: false }))
        {
            foreach (var asked in block.Type!.Constructor.GetParameters().Select(p => FormatType.Asked(p.ParameterType)).OfType<Type>().Where(t => draft.Registry.FormatOf(t) is null))
            {
                var (at, path) = block.Locate(Port.Main);
                var legal = draft.Registry.Formats.Values.Select(f => f.EventType.Name).Order(StringComparer.Ordinal);
                findings.Add(FindingCodes.NoFormat, at, path, $"'{block.Type.Name}' cannot handle {asked.Name}: it has no outside form.", string.Join(", ", legal));
            }
        }
    }
}
