using System.Buffers;
using System.Threading.Channels;

namespace QuantumTrader.Market.Sources;

/// <summary>What came from the exchange.</summary>
internal enum ArrivalKind
{
    /// <summary>A message of a stream.</summary>
    Message,

    /// <summary>The beginning of a message that was too long to be read.</summary>
    TooLong,

    /// <summary>The beginning of a message whose rest did not come, because the connection ended.</summary>
    Cut,

    /// <summary>A full book that was asked for.</summary>
    Snapshot,

    /// <summary>Why a full book that was asked for did not come.</summary>
    NoSnapshot,
}

/// <summary>Something that came from the exchange.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Buffer">Holds its bytes.</param>
/// <param name="Length">How many.</param>
/// <param name="ReceiveTime">When it was complete, in ns UTC.</param>
/// <param name="Symbol">Whose book was asked for; 0 for messages.</param>
internal readonly record struct Arrival(ArrivalKind Kind, byte[] Buffer, int Length, long ReceiveTime, int Symbol)
{
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);
}

/// <summary>
/// What came and was not yet read, in the order of its coming. The socket never waits for whoever reads, because an exchange cuts off those
/// who do not answer its pings: a message that finds no room is lost and counted, and shows in the numbers of its stream.
/// </summary>
/// <param name="maxBytes">Room for messages. What was asked for always has room: there is at most one book per symbol.</param>
/// <param name="clock">Gives the receive times.</param>
internal sealed class Arrivals(long maxBytes, TimeProvider clock)
{
    // What a message of no bytes costs.
    private const int Overhead = 64;

    // It has no bound in messages, because it has one in bytes.
    private readonly Channel<Arrival> _waiting = Channel.CreateUnbounded<Arrival>();
    private long _bytes;
    private long _overflowed;

    /// <summary>Bytes that wait.</summary>
    public long WaitingBytes => Volatile.Read(ref _bytes);

    /// <summary>Things that wait.</summary>
    public int Waiting => _waiting.Reader.Count;

    /// <summary>Adds something; called by any thread.</summary>
    public void Put(ArrivalKind kind, ReadOnlySpan<byte> bytes, int symbol = 0)
    {
        if (TryKeep(kind, bytes, symbol, out var arrival))
        {
            Put(in arrival);
        }
    }

    /// <summary>Adds what was kept.</summary>
    public void Put(in Arrival arrival) => _waiting.Writer.TryWrite(arrival);

    /// <summary>Copies something that came, to be added later or returned; false when there is no room for it, which is counted.</summary>
    public bool TryKeep(ArrivalKind kind, ReadOnlySpan<byte> bytes, int symbol, out Arrival arrival)
    {
        var size = bytes.Length + Overhead;
        if (Interlocked.Add(ref _bytes, size) > maxBytes && symbol == 0)
        {
            Interlocked.Add(ref _bytes, -size);
            Interlocked.Increment(ref _overflowed);
            arrival = default;
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        arrival = new Arrival(kind, buffer, bytes.Length, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick, symbol);
        return true;
    }

    /// <summary>Says that nothing more will come, and why.</summary>
    public void Fail(Exception reason) => _waiting.Writer.TryComplete(reason);

    /// <summary>Takes what has waited longest; give it back behind its use.</summary>
    public bool TryTake(out Arrival arrival) => _waiting.Reader.TryRead(out arrival);

    /// <summary>Gives back what was taken.</summary>
    public void Return(in Arrival arrival)
    {
        Interlocked.Add(ref _bytes, -(arrival.Length + Overhead));
        ArrayPool<byte>.Shared.Return(arrival.Buffer);
    }

    /// <summary>Sleeps until something is there; false when stop is asked for.</summary>
    /// <exception cref="Exception">That of <see cref="Fail"/>, when all that came before was taken.</exception>
    public bool Wait(CancellationToken stop)
    {
        try
        {
            return _waiting.Reader.WaitToReadAsync(stop).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Messages that found no room since the last call.</summary>
    public long TakeOverflowed() => Interlocked.Exchange(ref _overflowed, 0);
}
