using System.Globalization;
using QuantumTrader.Pipelines;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QuantumTrader.Market;

/// <summary>One YAML file of <c>config/</c>, read node by node so that an error can name its line.</summary>
/// <param name="option">Option of the section <c>market</c> that needs the file.</param>
/// <param name="name">Name below <c>config/</c>.</param>
/// <param name="files">Where <c>config/</c> is; without the file there, the one built in is read.</param>
internal sealed class ConfigFile(string option, string name, SectionContext files)
{
    /// <summary>The mapping under the file's one top-level key.</summary>
    public YamlMappingNode Read(string key)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = Open();
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            throw new ConfigurationException(option, $"config/{name}:{e.Start.Line}:{e.Start.Column}: not valid YAML: {e.Message}");
        }

        if (stream.Documents is [{ RootNode: YamlMappingNode root }, ..])
        {
            OnlyKeys(root, key);
            return Mapping(Child(root, key), key);
        }

        throw new ConfigurationException(option, $"config/{name} was empty; it needs the key '{key}'.");
    }

    /// <summary>The value of a required key.</summary>
    public YamlNode Child(YamlMappingNode parent, string key) =>
        TryChild(parent, key) ?? throw Error(parent, $"the key '{key}' is missing.");

    /// <summary>The value of a key; null when it is absent.</summary>
    public static YamlNode? TryChild(YamlMappingNode parent, string key) =>
        parent.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    /// <summary>Refuses keys that nobody reads.</summary>
    public void OnlyKeys(YamlMappingNode node, params string[] legal)
    {
        foreach (var key in node.Children.Keys)
        {
            if (!legal.Contains(Text(key), StringComparer.Ordinal))
            {
                throw Error(key, $"unknown key '{Text(key)}'; legal are: {string.Join(", ", legal)}.");
            }
        }
    }

    public YamlMappingNode Mapping(YamlNode node, string what) =>
        node as YamlMappingNode ?? throw Error(node, $"'{what}' must be a mapping of keys to values.");

    public IEnumerable<YamlNode> Sequence(YamlNode? node, string what) =>
        node is null ? [] : node as YamlSequenceNode ?? throw Error(node, $"'{what}' must be a list.");

    public string Text(YamlNode node) => (node as YamlScalarNode)?.Value ?? throw Error(node, "a single value was expected.");

    /// <summary>A number above 0.</summary>
    public decimal PositiveNumber(YamlMappingNode parent, string key) => Positive(Child(parent, key), key);

    /// <summary>A number above 0; the key is what an error calls it.</summary>
    public decimal Positive(YamlNode node, string key) =>
        decimal.TryParse(Text(node), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : throw Error(node, $"'{key}' was '{Text(node)}'; it must be a number above 0, such as 0.5.");

    /// <summary>A date written yyyy-mm-dd, as days since 1970-01-01.</summary>
    public int Date(YamlNode node) =>
        DateOnly.TryParseExact(Text(node), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber
            : throw Error(node, $"'{Text(node)}' is no date; write it as 2025-12-31.");

    /// <summary>A time of the day written hh:mm with an optional sign, up to 24:00, in ns.</summary>
    public long TimeOfDay(YamlNode node)
    {
        var text = Text(node);
        var digits = text.AsSpan().TrimStart("+-");
        if (text.Length - digits.Length <= 1 && digits.Length == 5 && digits[2] == ':'
            && int.TryParse(digits[..2], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            && int.TryParse(digits[3..], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
            && minutes < 60 && (hours * 60) + minutes <= 24 * 60)
        {
            return ((hours * 60) + minutes) * 60_000_000_000L * (text[0] == '-' ? -1 : 1);
        }

        throw Error(node, $"'{text}' is no time; write it as 09:00, at most 24:00.");
    }

    public ConfigurationException Error(YamlNode node, string message) =>
        new(option, $"config/{name}:{node.Start.Line}:{node.Start.Column}: {message}");

    /// <summary>The error for a name that a file does not have: names the nearest ones it has.</summary>
    public ConfigurationException Unknown(string what, string found, IEnumerable<string> legal)
    {
        var names = legal.OrderBy(n => NearestName.Distance(found.ToUpperInvariant(), n.TrimEnd('*').ToUpperInvariant())).ThenBy(n => n, StringComparer.Ordinal).ToList();
        return new ConfigurationException(
            option,
            $"no {what} is named '{found}' in config/{name}. Nearest: {string.Join(", ", names.Take(3))}. Correct the name, or add it to the file.");
    }

    private StreamReader Open()
    {
        var path = Path.Combine(files.Root, "config", name);
        return File.Exists(path)
            ? new StreamReader(path)
            : new StreamReader(typeof(ConfigFile).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"Invariant: {name} is not built in."));
    }
}
