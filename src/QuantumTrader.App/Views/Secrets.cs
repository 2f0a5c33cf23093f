using System.Collections;
using System.Text.RegularExpressions;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Views;

/// <summary>The secrets of a run: what its file keeps under a name that says so, and environment variables with such names. Texts that hold one are masked before anybody sees them.</summary>
internal sealed partial class Secrets
{
    /// <summary>What stands for a secret.</summary>
    public const string Masked = "***";

    // Shorter ones would mask parts of ordinary words, and are none.
    private const int Shortest = 6;

    private readonly string[] _values;

    public Secrets(PipelinePlan plan)
        : this([.. Values(plan.Root, ""), .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Where(e => IsName((string)e.Key)).Select(e => (string?)e.Value ?? "")])
    {
    }

    internal Secrets(IEnumerable<string> values) => _values = [.. values.Where(v => v.Length >= Shortest).Distinct().OrderByDescending(v => v.Length)];

    /// <summary>True for the name of a key or variable that says that its value is a secret.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    /// <summary>The text without secrets.</summary>
    public string Mask(string text) => _values.Aggregate(text, (t, secret) => t.Replace(secret, Masked, StringComparison.Ordinal));

    private static IEnumerable<string> Values(ConfigNode node, string key) => node switch
    {
        MappingNode mapping => mapping.Entries.SelectMany(e => Values(e.Value, e.Key)),
        SequenceNode list => list.Items.SelectMany(i => Values(i, key)),
        ScalarNode scalar when IsName(key) => [scalar.Value],
        _ => [],
    };

    [GeneratedRegex("pass(word|phrase|wd)?|secret|token|credential|api_?key|private_?key|activation|authorization", RegexOptions.IgnoreCase)]
    private static partial Regex Name();
}
