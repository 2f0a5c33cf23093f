namespace QuantumTrader.Pipelines;

/// <summary>Kinds of fields that are made of the basic ones. Enums are texts, by the words that options use for them too, such as <c>book_update</c>.</summary>
public static class DerivedFields
{
    /// <summary>Writes one of the values of an enum. Allocates nothing.</summary>
    public static void Choice<T>(this IFieldWriter fields, string name, T value) where T : struct, Enum => fields.Text(name, Words<T>.Of(name, value));

    /// <summary>Reads one of the values of an enum; the other one given when the field is not there.</summary>
    public static T Choice<T>(this IFieldReader fields, string name, T otherwise) where T : struct, Enum =>
        fields.Has(name) ? Words<T>.Read(name, fields.Text(name)) : otherwise;

    /// <summary>Reads a whole number of 32 bits; 0 when it is not there.</summary>
    public static int Whole32(this IFieldReader fields, string name)
    {
        var value = fields.Whole(name);
        return value is >= int.MinValue and <= int.MaxValue
            ? (int)value
            : throw new FieldException(name, FormattableString.Invariant($"found {value}. Legal: {int.MinValue} to {int.MaxValue}."));
    }

    private static class Words<T> where T : struct, Enum
    {
        private static readonly Dictionary<T, string> ByValue = Enum.GetValues<T>().ToDictionary(v => v, v => SnakeCase.From(v.ToString()));
        private static readonly Dictionary<string, T> ByWord = ByValue.ToDictionary(p => p.Value, p => p.Key, StringComparer.Ordinal);

        public static string Of(string field, T value) => ByValue.TryGetValue(value, out var word)
            ? word
            : throw new FieldException(field, $"{typeof(T).Name} has no value {value}.");

        public static T Read(string field, string word)
        {
            if (ByWord.TryGetValue(word, out var value))
            {
                return value;
            }

            var nearest = NearestName.Of(word, ByWord.Keys) is { } name ? $" Did you mean '{name}'?" : "";
            throw new FieldException(field, $"found '{word}'. Legal: {string.Join(", ", ByWord.Keys)}.{nearest}");
        }
    }
}
