using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>Reads pipeline files and checks them. Never throws for what a file holds: everything wrong is a finding.</summary>
/// <param name="registry">What the pipeline may use; plugins are added to it.</param>
public sealed class PipelineLoader(BlockRegistry registry)
{
    /// <summary>Loads a pipeline.</summary>
    /// <param name="path">The pipeline file; findings name it like this.</param>
    /// <param name="overlays">Files to lay over it, in order.</param>
    /// <param name="sets">Arguments of the form <c>a.b.c=value</c>, laid over everything else, later ones last.</param>
    /// <param name="environment">Looks up an environment variable, null when it is not set; without it, the process's own.</param>
    public LoadResult Load(
        string path, IReadOnlyList<string>? overlays = null, IReadOnlyList<string>? sets = null, Func<string, string?>? environment = null)
    {
        var findings = new FindingList();
        findings.AnnounceFile(path);
        return Load(path, YamlReader.ReadFile(path, findings), overlays, sets, environment, findings);
    }

    /// <summary>Loads a pipeline from a text instead of a file; <paramref name="file"/> only names it.</summary>
    public LoadResult LoadText(
        string text, string file, IReadOnlyList<string>? overlays = null, IReadOnlyList<string>? sets = null, Func<string, string?>? environment = null)
    {
        var findings = new FindingList();
        findings.AnnounceFile(file);
        var node = text.Length > YamlReader.MaxBytes ? null : YamlReader.ReadBytes(Encoding.UTF8.GetBytes(text), file, findings);
        if (text.Length > YamlReader.MaxBytes)
        {
            findings.Add(FindingCodes.TooLarge, new Position(file, 1, 1), "", $"the text has {text.Length} characters; the most is {YamlReader.MaxBytes}.");
        }

        return Load(file, node, overlays, sets, environment, findings);
    }

    private LoadResult Load(
        string file, ConfigNode? node, IReadOnlyList<string>? overlays, IReadOnlyList<string>? sets, Func<string, string?>? environment, FindingList findings)
    {
        // Everything is read, even behind a broken file, so that all findings come in one run.
        var root = AsMapping(node, file, findings);
        foreach (var overlay in overlays ?? [])
        {
            findings.AnnounceFile(overlay);
            var above = AsMapping(YamlReader.ReadFile(overlay, findings), overlay, findings);
            root = root is null || above is null ? root : Overlay.Merge(root, above, findings);
        }

        environment ??= Environment.GetEnvironmentVariable;
        findings.AnnounceFile(EnvironmentSettings.File);
        root = root is null ? null : EnvironmentSettings.Lay(root, environment, findings);
        findings.AnnounceFile(SetArgument.File);
        for (var i = 0; i < (sets?.Count ?? 0); i++)
        {
            var above = SetArgument.Read(sets![i], i + 1, findings);
            root = root is null || above is null ? root : Overlay.Merge(root, above, findings);
        }

        if (root is null)
        {
            return new LoadResult(null, findings.ToSorted());
        }

        root = (MappingNode)new Interpolation(environment, findings).Apply(root);
        var plan = new PlanReader(file, root, registry, findings).Read();
        return new LoadResult(findings.HasErrors ? null : plan, findings.ToSorted());
    }

    private static MappingNode? AsMapping(ConfigNode? node, string file, FindingList findings)
    {
        if (node is ScalarNode { IsNull: true })
        {
            findings.Add(FindingCodes.Empty, new Position(file, 1, 1), "", "there is nothing in it.");
        }
        else if (node is not null and not MappingNode)
        {
            findings.Add(FindingCodes.WrongKind, node.Position, "", $"{node.Kind} stands where a mapping is needed.", "version, pipeline, blocks, ...");
        }

        return node as MappingNode;
    }
}
