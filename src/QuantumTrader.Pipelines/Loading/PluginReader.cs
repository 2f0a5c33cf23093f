using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>Reads <c>plugins</c>: a list of assemblies whose blocks and sections the pipeline may use.</summary>
internal sealed class PluginReader(FindingList findings)
{
    public BlockRegistry Read(MappingEntry? entry, string directory, BlockRegistry registry)
    {
        if (entry is null or { Value: ScalarNode { IsNull: true } })
        {
            return registry;
        }

        if (entry.Value is not SequenceNode list)
        {
            findings.Add(FindingCodes.WrongKind, entry.Value.Position, "plugins", $"{entry.Value.Kind} stands where a list of files is needed.");
            return registry;
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            registry = Add(list.Items[i], ConfigPath.Item("plugins", i), directory, registry);
        }

        return registry;
    }

    private BlockRegistry Add(ConfigNode node, string path, string directory, BlockRegistry registry)
    {
        if (node is not ScalarNode { IsNull: false } scalar)
        {
            findings.Add(FindingCodes.WrongKind, node.Position, path, $"{node.Kind} stands where a file is needed.");
            return registry;
        }

        // Path.Combine does not check anything; File.Exists says false to whatever cannot be a path.
        var file = Path.Combine(directory, scalar.Value);
        if (!File.Exists(file))
        {
            findings.Add(FindingCodes.PluginMissing, scalar.Position, path, $"the file '{scalar.Shown}' does not exist.");
            return registry;
        }

        try
        {
            return registry.With([Assembly.LoadFrom(Path.GetFullPath(file))]);
        }
#pragma warning disable CA1031 // Foreign code: whatever is wrong with it is a finding.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var reason = e is ReflectionTypeLoadException { LoaderExceptions: [{ } first, ..] } ? first.Message : e.Message;
            findings.Add(FindingCodes.PluginUnusable, scalar.Position, path, $"'{scalar.Shown}' cannot be used: {reason.ReplaceLineEndings(" ")}");
            return registry;
        }
    }
}
