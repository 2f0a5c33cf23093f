namespace QuantumTrader.Pipelines;

/// <summary>
/// Gives the fields of one event; the counterpart of <see cref="IFieldWriter"/>. A field that is not there reads as its default. Every
/// method throws <see cref="FieldException"/> when what stands there cannot be read.
/// </summary>
public interface IFieldReader
{
    /// <summary>True when the field is there.</summary>
    bool Has(string name);

    /// <summary>A moment: ns since 1970 UTC; 0 when it is not there.</summary>
    long Time(string name);

    /// <summary>A whole number; 0 when it is not there.</summary>
    long Whole(string name);

    /// <summary>A decimal number as an integer scaled by 1e-8; 0 when it is not there.</summary>
    long Fixed(string name);

    /// <summary>A floating-point number; 0 when it is not there.</summary>
    double Real(string name);

    /// <summary>A text; empty when it is not there.</summary>
    string Text(string name);

    /// <summary>A vector; empty when it is not there.</summary>
    double[] Reals(string name);

    /// <summary>Bits, the first one lowest in the first word; empty when they are not there.</summary>
    ulong[] Bits(string name);
}

/// <summary>A field that cannot be read.</summary>
/// <param name="field">Name of the field.</param>
/// <param name="message">What was found and what is legal.</param>
public sealed class FieldException(string field, string message) : Exception(message)
{
    /// <summary>Name of the field.</summary>
    public string Field { get; } = field;
}
