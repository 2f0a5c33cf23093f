using System.Reflection;

namespace QuantumTrader.Pipelines;

/// <summary>One option: a property of an options record.</summary>
/// <param name="Key">Key in YAML.</param>
/// <param name="Property">The property.</param>
/// <param name="Shape">What its value must look like.</param>
/// <param name="IsRequired">It must be given.</param>
/// <param name="Range">Legal range of a number, or of each number of a list.</param>
/// <param name="Default">Value when it is not given.</param>
/// <param name="Comments">The doc comments of its assembly.</param>
public sealed record Option(
    string Key, PropertyInfo Property, ValueShape Shape, bool IsRequired, RangeAttribute? Range, object? Default, DocComments Comments)
{
    /// <summary>Doc comment of the property; empty when there is none.</summary>
    public string Description => Comments.Summary(Property);
}

/// <summary>The options that a record describes.</summary>
/// <param name="Type">The record.</param>
/// <param name="Options">Its options, in the order of the code.</param>
public sealed record OptionsModel(Type Type, IReadOnlyList<Option> Options)
{
    /// <summary>The option of a key; null when there is none.</summary>
    public Option? this[string key] => Options.FirstOrDefault(o => o.Key == key);

    /// <summary>True when one of the options must be given.</summary>
    public bool HasRequired => Options.Any(o => o.IsRequired);
}
