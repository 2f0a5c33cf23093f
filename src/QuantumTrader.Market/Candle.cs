using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>One closed interval of trading. Prices and quantities are scaled by 1e-8 (<see cref="Scaled"/>), times are ns UTC.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
public struct Candle : IEvent<Candle>, IEquatable<Candle>
{
    /// <summary>Sequence of the event whose time closed the candle.</summary>
    public long Sequence;

    /// <summary>First ns of the interval.</summary>
    public long StartTime;

    /// <summary>First ns after the interval.</summary>
    public long EndTime;

    /// <summary>Price of the first trade; of the close before when there was none.</summary>
    public long Open;

    /// <summary>Highest price.</summary>
    public long High;

    /// <summary>Lowest price.</summary>
    public long Low;

    /// <summary>Price of the last trade.</summary>
    public long Close;

    /// <summary>Quantity of all trades.</summary>
    public long Volume;

    /// <summary>Quantity whose aggressor bought.</summary>
    public long BuyVolume;

    /// <summary>Quantity whose aggressor sold.</summary>
    public long SellVolume;

    /// <summary>Interned symbol.</summary>
    public int Symbol;

    /// <summary>Number of trades; 0 marks a flat candle.</summary>
    public int Trades;

    readonly long IEvent<Candle>.Sequence => Sequence;

    /// <inheritdoc/>
    public readonly long PartitionKey => Symbol;

    /// <inheritdoc/>
    public readonly long ConflationKey => Symbol;

    /// <inheritdoc/>
    public static void AppendTo(ReadOnlySpan<Candle> events, IncrementalHash hash) => hash.AppendData(MemoryMarshal.AsBytes(events));

    /// <inheritdoc/>
    public readonly bool Equals(Candle other) => Bytes(in this).SequenceEqual(Bytes(in other));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Candle other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Sequence, StartTime, Symbol, Close);

    /// <inheritdoc/>
    public override readonly string ToString() => FormattableString.Invariant(
        $"Candle symbol {Symbol} {StartTime}..{EndTime} O {Scaled.ToText(Open)} H {Scaled.ToText(High)} L {Scaled.ToText(Low)} C {Scaled.ToText(Close)} V {Scaled.ToText(Volume)} n {Trades}");

    /// <summary>True when all fields are equal.</summary>
    public static bool operator ==(Candle a, Candle b) => a.Equals(b);

    /// <summary>True when any field differs.</summary>
    public static bool operator !=(Candle a, Candle b) => !a.Equals(b);

    private static ReadOnlySpan<byte> Bytes(in Candle candle) => MemoryMarshal.AsBytes(new ReadOnlySpan<Candle>(in candle));
}
