using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>A stream of this run, with the newest address of it that is stored.</summary>
/// <param name="type">Event type.</param>
/// <param name="first">Address of an event of it.</param>
/// <param name="name">Its name.</param>
/// <param name="number">Its number in this run's segments.</param>
/// <param name="newestBefore">What earlier runs stored of it is not known: anything up to the journal's newest time may be there.</param>
internal sealed class AppendedStream(Type type, EventAddress first, StreamName name, uint number, long newestBefore)
{
    private long _time = newestBefore;
    private long _number = long.MaxValue;

    public Type Event { get; } = type;

    public string Channel { get; } = first.Channel;

    public string Symbol { get; } = first.Symbol;

    public StreamName Name { get; } = name;

    public uint Number { get; } = number;

    /// <summary>Newest event time of this run.</summary>
    public long Time { get; private set; } = long.MinValue;

    /// <summary>True for an address that no stored event has.</summary>
    public bool IsBeyond(in EventAddress address) => address.EventTime > _time || (address.EventTime == _time && address.Number > _number);

    /// <summary>An event with this address is stored now.</summary>
    public void Note(in EventAddress address)
    {
        Time = Math.Max(Time, address.EventTime);
        if (IsBeyond(in address))
        {
            (_time, _number) = (address.EventTime, address.Number);
        }
    }
}
