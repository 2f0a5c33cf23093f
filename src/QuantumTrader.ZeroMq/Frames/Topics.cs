using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace QuantumTrader.ZeroMq;

/// <summary>What all messages have in common.</summary>
internal static class BusMessage
{
    /// <summary>Version of the canonical JSON body.</summary>
    public const int Version = 1;
}

/// <summary>Names of topics: <c>tick_WDOU25</c>, and <c>heartbeat_tick_WDOU25</c> for what keeps its subscribers informed.</summary>
internal static class Topics
{
    public const int MaxLength = 200;

    /// <summary>Between topic and body in a message of one frame; no topic holds it.</summary>
    public const byte Separator = (byte)' ';

    public static byte[] Name(string channel, string symbol) => Encoding.UTF8.GetBytes($"{channel}_{symbol}");

    public static byte[] Heartbeat(string channel, string symbol) => Encoding.UTF8.GetBytes($"heartbeat_{channel}_{symbol}");
}

/// <summary>Compares topics byte by byte and finds them by spans, without making arrays.</summary>
internal sealed class TopicComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
