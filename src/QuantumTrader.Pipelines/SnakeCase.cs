using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>Turns names of code into names of YAML: <c>WhenFull</c> into <c>when_full</c>.</summary>
public static class SnakeCase
{
    /// <summary>An underscore stands before each capital that begins a word; digits belong to the word before them.</summary>
    public static string From(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var begins = i > 0 && char.IsUpper(name[i]) && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (begins && name[i - 1] != '_')
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
