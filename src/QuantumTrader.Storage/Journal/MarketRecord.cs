using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using QuantumTrader.Market;

namespace QuantumTrader.Storage;

/// <summary>A <see cref="MarketEvent"/> as it stands in a journal: its 64 bytes. The symbol in it means nothing there; its stream names it.</summary>
internal static class MarketRecord
{
    public static int Bytes => Unsafe.SizeOf<MarketEvent>();

    public static long Time(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64LittleEndian(record[8..]);

    public static MarketEvent Read(ReadOnlySpan<byte> record, int symbol)
    {
        var value = MemoryMarshal.Read<MarketEvent>(record);
        value.Symbol = symbol;
        return value;
    }
}
