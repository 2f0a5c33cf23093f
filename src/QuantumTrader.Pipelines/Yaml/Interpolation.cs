using System.Text;
using System.Text.RegularExpressions;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Inserts environment variables: <c>${NAME}</c>, <c>${NAME:-default}</c>, <c>$$</c> for a dollar sign. Only single values change, after
/// parsing, so whatever a variable holds it never adds a key or a list.
/// </summary>
internal sealed partial class Interpolation(Func<string, string?> environment, FindingList findings)
{
    /// <summary>The tree with everything inserted.</summary>
    public ConfigNode Apply(ConfigNode node, string path = "") => node switch
    {
        ScalarNode scalar => Apply(scalar, path),
        SequenceNode list => new SequenceNode(list.Position, [.. list.Items.Select((item, i) => Apply(item, ConfigPath.Item(path, i)))]),
        MappingNode map => new MappingNode(map.Position, [.. map.Entries.Select(e => e with { Value = Apply(e.Value, ConfigPath.Key(path, e.Key)) })]),
        _ => node,
    };

    private ScalarNode Apply(ScalarNode scalar, string path)
    {
        if (!scalar.Raw.Contains('$', StringComparison.Ordinal))
        {
            return scalar;
        }

        var text = new StringBuilder();
        var inserted = false;
        var rest = 0;
        foreach (Match match in Reference().Matches(scalar.Raw))
        {
            text.Append(scalar.Raw, rest, match.Index - rest);
            rest = match.Index + match.Length;
            if (match.Value == "$$")
            {
                text.Append('$');
                continue;
            }

            inserted = true;
            text.Append(Look(match, scalar, path));
        }

        text.Append(scalar.Raw, rest, scalar.Raw.Length - rest);
        return scalar with { Value = text.ToString(), IsInterpolated = inserted };
    }

    private string? Look(Match match, ScalarNode scalar, string path)
    {
        var name = match.Groups["name"];
        if (!name.Success)
        {
            findings.Add(FindingCodes.VariableSyntax, scalar.Position, path, $"'{scalar.Shown}' has a malformed reference.", "${NAME}, ${NAME:-default}, $$");
            return null;
        }

        // As in a shell, `:-` also replaces an empty value.
        var value = environment(name.Value);
        var fallback = match.Groups["default"];
        if (fallback.Success)
        {
            return string.IsNullOrEmpty(value) ? fallback.Value : value;
        }

        if (value is null)
        {
            findings.Add(FindingCodes.VariableUnset, scalar.Position, path, $"the environment variable {name.Value} is not set. Set it, or write ${{{name.Value}:-default}}.");
        }

        return value;
    }

    [GeneratedRegex(@"\$\$|\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?\}|\$\{")]
    private static partial Regex Reference();
}
