using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage.Valkey;

/// <summary>
/// A pack of market events, as they are in memory: 64 bytes each, then <see cref="Magic"/>. The symbol is that of the stream; the number in
/// the record belongs to the run that wrote it. Copying is all there is to do, which is what makes packed history fast.
/// </summary>
internal static class RawPack
{
    /// <summary>The last four bytes: the version of the layout of <see cref="MarketEvent"/>.</summary>
    public const uint Magic = 0x314D4B51; // "QKM1"

    /// <summary>True when events of this type are packed as they are.</summary>
    public static bool Holds<T>() => typeof(T) == typeof(MarketEvent);

    /// <summary>The events of a pack; false when it is none of these.</summary>
    public static bool TryRead(ReadOnlySpan<byte> pack, out ReadOnlySpan<MarketEvent> events)
    {
        var isOne = pack.Length % Unsafe.SizeOf<MarketEvent>() == sizeof(uint) && MemoryMarshal.Read<uint>(pack[^4..]) == Magic;
        events = isOne ? MemoryMarshal.Cast<byte, MarketEvent>(pack[..^4]) : default;
        return isOne;
    }

    /// <summary>The number of a symbol in this run, by the format, which knows them. Throws <see cref="FieldException"/> when it is not one of the run's.</summary>
    public static int SymbolOf<T>(EventFormat<T> format, string symbol) where T : struct, Dataflow.IEvent<T>
    {
        var value = format.Read(new Named(symbol));
        return Unsafe.As<T, MarketEvent>(ref value).Symbol;
    }

    private sealed class Named(string symbol) : IFieldReader
    {
        public bool Has(string name) => name == "symbol";

        public string Text(string name) => name == "symbol" ? symbol : "";

        public long Time(string name) => 0;

        public long Whole(string name) => 0;

        public long Fixed(string name) => 0;

        public double Real(string name) => 0;

        public double[] Reals(string name) => [];

        public ulong[] Bits(string name) => [];
    }
}
