namespace QuantumTrader.Pipelines;

/// <summary>
/// Takes the fields of one event, in the order of its format. Each medium (text of a pipeline test, JSON, a binary record, a store entry)
/// is one implementation; so an event type is described once, in its <see cref="EventFormat{T}"/>.
/// </summary>
public interface IFieldWriter
{
    /// <summary>A moment: ns since 1970 UTC.</summary>
    void Time(string name, long nanoseconds);

    /// <summary>A whole number.</summary>
    void Whole(string name, long value);

    /// <summary>A decimal number as an integer scaled by 1e-8 (<see cref="Scaled"/>): prices and quantities.</summary>
    void Fixed(string name, long scaled);

    /// <summary>A floating-point number.</summary>
    void Real(string name, double value);

    /// <summary>A text.</summary>
    void Text(string name, string value);

    /// <summary>A vector.</summary>
    void Reals(string name, ReadOnlySpan<double> values);

    /// <summary>Bits, the first one lowest in the first word.</summary>
    void Bits(string name, ReadOnlySpan<ulong> words);
}
