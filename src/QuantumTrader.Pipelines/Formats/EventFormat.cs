using QuantumTrader.Dataflow;

namespace QuantumTrader.Pipelines;

/// <summary>
/// Registers the one description of an event type that pipeline tests, the bus, the stores and the commands share. The class derives from
/// <see cref="EventFormat{T}"/> and has one public constructor, which may take sections and a <see cref="SectionContext"/>. It is made once
/// per run and then serves blocks on any thread.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventFormatAttribute(string name) : Attribute
{
    /// <summary>Name of the event type for users, such as <c>market</c>, <c>candle</c>, <c>signal</c>.</summary>
    public string Name { get; } = name;
}

/// <summary>Where an event belongs outside the graph: on which channel of the bus, under which key of a store, in which order.</summary>
/// <param name="Channel">Kind of data, such as <c>tick</c>, <c>book</c>, <c>signal</c>. Always the same instance for the same channel.</param>
/// <param name="Symbol">Name of the symbol. Always the same instance for the same symbol.</param>
/// <param name="EventTime">ns UTC.</param>
/// <param name="Number">Together with channel, symbol and time it names the event, so that storing it twice has no effect: a trade's number; else its sequence.</param>
public readonly record struct EventAddress(string Channel, string Symbol, long EventTime, long Number);

/// <summary>The outside form of an event type: its fields and where it belongs.</summary>
public abstract class EventFormat<T> : IEventFormat where T : struct, IEvent<T>
{
    /// <inheritdoc/>
    public abstract IReadOnlyList<string> Fields { get; }

    /// <summary>The channels that events of this type can belong to; one that ends in a colon stands for all that begin so, such as <c>bar:1m</c>.</summary>
    public abstract IReadOnlyList<string> Channels { get; }

    /// <summary>Writes all fields that apply to this event, in the order of <see cref="Fields"/>.</summary>
    public abstract void Write(in T value, IFieldWriter fields);

    /// <summary>Makes an event of its fields; those that are not there get defaults. Throws <see cref="FieldException"/>.</summary>
    public abstract T Read(IFieldReader fields);

    /// <summary>Where the event belongs.</summary>
    public abstract EventAddress AddressOf(in T value);

    /// <summary>
    /// How many of these events, from the first one on, belong to its channel and symbol, each behind the one before by (event time,
    /// number): what a store can take in one piece. At least 1; it need not be as many as there are.
    /// </summary>
    /// <param name="events">At least one.</param>
    /// <param name="first">Address of the first.</param>
    /// <param name="last">Address of the last of the stretch.</param>
    public virtual int Stretch(ReadOnlySpan<T> events, out EventAddress first, out EventAddress last)
    {
        first = last = AddressOf(in events[0]);
        var count = 1;
        for (; count < events.Length; count++)
        {
            var next = AddressOf(in events[count]);
            if (!ReferenceEquals(next.Channel, last.Channel) || !ReferenceEquals(next.Symbol, last.Symbol)
                || next.EventTime < last.EventTime || (next.EventTime == last.EventTime && next.Number <= last.Number))
            {
                break;
            }

            last = next;
        }

        return count;
    }

    void IEventFormat.Write(object value, IFieldWriter fields) => Write((T)value, fields);

    object IEventFormat.Read(IFieldReader fields) => Read(fields);
}

/// <summary>An <see cref="EventFormat{T}"/> whatever its event type: for what handles single events, such as pipeline tests.</summary>
public interface IEventFormat
{
    /// <summary>The legal field names, in the order in which they are written.</summary>
    IReadOnlyList<string> Fields { get; }

    /// <summary>Writes all fields that apply to this event.</summary>
    void Write(object value, IFieldWriter fields);

    /// <summary>Makes an event of its fields. Throws <see cref="FieldException"/>.</summary>
    object Read(IFieldReader fields);
}
