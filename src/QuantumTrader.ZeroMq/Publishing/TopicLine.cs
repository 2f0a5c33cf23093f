using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;

namespace QuantumTrader.ZeroMq;

/// <summary>One topic: its name, its last number, and the binary message that is being filled.</summary>
internal sealed class TopicLine<T> where T : struct, IEvent<T>
{
    private readonly byte[] _buffer;
    private readonly int _head;
    private readonly int _capacity;

    public TopicLine(string channel, string symbol, ChannelCounts counts, ZeroMqSinkOptions options)
    {
        (Channel, Symbol, Counts) = (channel, symbol, counts);
        Name = Topics.Name(channel, symbol);
        Heartbeat = Topics.Heartbeat(channel, symbol);
        (_head, _capacity) = (Name.Length + 1, options.FrameEvents);
        _buffer = options.Format == BusFormat.Binary ? new byte[_head + BinaryFrame.HeadSize + (options.FrameEvents * BinaryFrame.EventSize)] : [];
        if (_buffer.Length > 0)
        {
            Name.CopyTo(_buffer, 0);
            _buffer[_head - 1] = Topics.Separator;
        }
    }

    public string Channel { get; }

    public string Symbol { get; }

    public ChannelCounts Counts { get; }

    public byte[] Name { get; }

    public byte[] Heartbeat { get; }

    /// <summary>Number of the newest event or message; the first is 1.</summary>
    public long Number { get; set; }

    public int Waiting { get; private set; }

    /// <summary>True while it is in the list of those to flush.</summary>
    public bool IsUnsent { get; set; }

    public Span<byte> Frame => _buffer.AsSpan(_head, BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize));

    public ReadOnlySpan<byte> OnePart => _buffer.AsSpan(0, _head + BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize));

    /// <summary>True when no event fits into the message any more.</summary>
    public bool IsFull => Waiting == _capacity;

    /// <summary>Puts as many of these events as fit into the message; returns how many.</summary>
    public int Add(ReadOnlySpan<T> events)
    {
        var count = Math.Min(events.Length, _capacity - Waiting);
        MemoryMarshal.AsBytes(events[..count]).CopyTo(_buffer.AsSpan(_head + BinaryFrame.HeadSize + (Waiting * BinaryFrame.EventSize)));
        Waiting += count;
        Number += count;
        return count;
    }

    public void Clear() => Waiting = 0;
}
