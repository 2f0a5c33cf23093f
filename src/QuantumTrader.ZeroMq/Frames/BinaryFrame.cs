using System.Buffers.Binary;
using System.Runtime.InteropServices;
using QuantumTrader.Market;

namespace QuantumTrader.ZeroMq;

/// <summary>
/// The binary form of market events: a head of 16 bytes, then events of 64 bytes as they lie in memory, little endian, all of the topic's
/// symbol and channel and with consecutive numbers. docs/bus.md has the layout; a change of it is another magic.
/// </summary>
internal static class BinaryFrame
{
    public const int HeadSize = 16;
    public const int EventSize = 64;
    public const int MaxEvents = 1024;

    private static ReadOnlySpan<byte> Magic => "QTM1"u8;

    /// <summary>True when the frame says of itself that it is one.</summary>
    public static bool IsOne(ReadOnlySpan<byte> frame) => frame.StartsWith(Magic);

    /// <summary>Writes the head: magic, size of an event, events, number of the first.</summary>
    public static void WriteHead(Span<byte> frame, int count, long firstNumber)
    {
        Magic.CopyTo(frame);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[4..], EventSize);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[6..], (ushort)count);
        BinaryPrimitives.WriteInt64LittleEndian(frame[8..], firstNumber);
    }

    /// <summary>The events of a frame and the number of the first; false when it is cut or its head does not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> events, out int count, out long firstNumber)
    {
        events = default;
        (count, firstNumber) = (0, 0);
        if (frame.Length < HeadSize || !IsOne(frame))
        {
            return false;
        }

        count = BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]);
        firstNumber = BinaryPrimitives.ReadInt64LittleEndian(frame[8..]);
        events = frame[HeadSize..];
        return BinaryPrimitives.ReadUInt16LittleEndian(frame[4..]) == EventSize && count is > 0 and <= MaxEvents && firstNumber is > 0 and <= long.MaxValue - MaxEvents && events.Length == count * EventSize;
    }

    /// <summary>One event of a frame. Its symbol is the publisher's number and means nothing here.</summary>
    public static MarketEvent Event(ReadOnlySpan<byte> events, int index) => MemoryMarshal.Read<MarketEvent>(events[(index * EventSize)..]);
}
