namespace QuantumTrader.Pipelines;

/// <summary>Turns <c>--set a.b.c=value</c> into a tree that is laid over the pipeline like an overlay of one line.</summary>
internal static class SetArgument
{
    public const string File = "--set";

    /// <summary>Reads one argument; null, with a finding, when it is malformed. An empty value removes the key, as null does.</summary>
    public static MappingNode? Read(string argument, int number, FindingList findings)
    {
        var start = new Position(File, number, 1);
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var keys = equals < 0 ? [] : argument[..equals].Split('.');
        if (keys.Length == 0 || keys.Length > YamlReader.MaxDepth || keys.Any(string.IsNullOrWhiteSpace))
        {
            findings.Add(FindingCodes.BadSet, start, "", "the argument is not of the form a.b.c=value.");
            return null;
        }

        var text = argument[(equals + 1)..];
        var valueAt = start with { Column = equals + 2 };
        var value = string.IsNullOrWhiteSpace(text)
            ? new ScalarNode(valueAt, "", IsQuoted: false)
            : YamlReader.ReadText(text, File, findings, valueAt.Line, valueAt.Column);
        if (value is null)
        {
            return null;
        }

        var column = equals + 1;
        for (var i = keys.Length - 1; i >= 0; i--)
        {
            column -= keys[i].Length;
            var at = start with { Column = column };
            value = new MappingNode(at, [new MappingEntry(keys[i], at, value)]);
            column--;
        }

        return (MappingNode)value;
    }
}
