using System.Text.RegularExpressions;

namespace QuantumTrader.Pipelines;

/// <summary>Block names become file names, metric tags and parts of paths.</summary>
internal sealed partial class NameCheck : IPipelineCheck
{
    public void Check(PipelineDraft draft, FindingList findings)
    {
        foreach (var block in draft.Blocks.Where(b => !Legal().IsMatch(b.Name)))
        {
            findings.Add(FindingCodes.BadName, block.Position, block.Path, $"'{block.Name}' cannot be a block's name.", "a-z, 0-9, _ and -, starting with a letter");
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_-]*\z")]
    private static partial Regex Legal();
}
