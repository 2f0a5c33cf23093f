namespace QuantumTrader.Pipelines;

/// <summary>Registers the text form of an event type, for pipeline tests. The class is an <see cref="IEventCodec"/> and is made like a block: its constructor may take sections.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventCodecAttribute(Type eventType) : Attribute
{
    /// <summary>The struct.</summary>
    public Type EventType { get; } = eventType;
}

/// <summary>Turns events of one type into named texts and back.</summary>
public interface IEventCodec
{
    /// <summary>The legal field names, in the order in which they are printed.</summary>
    IReadOnlyList<string> Fields { get; }

    /// <summary>
    /// Makes an event of some of the fields; the others get defaults. Throws <see cref="ConfigurationException"/>, with the field as
    /// option, when a text cannot be read.
    /// </summary>
    object Parse(IReadOnlyDictionary<string, string> fields);

    /// <summary>All fields of an event, numbers in invariant culture.</summary>
    IReadOnlyDictionary<string, string> Print(object value);
}
