using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>The fields of one event, read off its format, so that answers of any type can be compared and checked.</summary>
internal sealed class FieldValues : IFieldWriter
{
    private readonly Dictionary<string, double> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double[]> _vectors = new(StringComparer.Ordinal);

    /// <summary>Numbers by field.</summary>
    public IReadOnlyDictionary<string, double> Numbers => _numbers;

    /// <summary>Texts by field.</summary>
    public IReadOnlyDictionary<string, string> Texts => _texts;

    /// <summary>Vectors by field.</summary>
    public IReadOnlyDictionary<string, double[]> Vectors => _vectors;

    /// <summary>Every number of the event is finite.</summary>
    public bool IsFinite { get; private set; }

    /// <summary>Reads an event anew.</summary>
    public void Read<T>(EventFormat<T> format, in T value) where T : struct, Dataflow.IEvent<T>
    {
        _numbers.Clear();
        _texts.Clear();
        _vectors.Clear();
        IsFinite = true;
        format.Write(in value, this);
    }

    public void Time(string name, long nanoseconds) => _numbers[name] = nanoseconds;

    public void Whole(string name, long value) => _numbers[name] = value;

    public void Fixed(string name, long scaled) => _numbers[name] = Scaled.ToDouble(scaled);

    public void Real(string name, double value)
    {
        _numbers[name] = value;
        IsFinite &= double.IsFinite(value);
    }

    public void Text(string name, string value) => _texts[name] = value;

    public void Reals(string name, ReadOnlySpan<double> values)
    {
        _vectors[name] = values.ToArray();
        foreach (var value in values)
        {
            IsFinite &= double.IsFinite(value);
        }
    }

    public void Bits(string name, ReadOnlySpan<ulong> words) => _texts[name] = string.Join(' ', words.ToArray());
}
