using System.Buffers.Text;
using System.Text;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Builds commands of the server's protocol (RESP2) in a buffer that is used again.</summary>
internal sealed class RespWriter(int capacity = 4096)
{
    private byte[] _buffer = new byte[capacity];

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Starts a command of this many parts.</summary>
    public RespWriter Begin(int parts)
    {
        Head('*', parts);
        return this;
    }

    public RespWriter Bulk(ReadOnlySpan<byte> value)
    {
        Head('$', value.Length);
        Raw(value);
        return Raw("\r\n"u8);
    }

    public RespWriter Bulk(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Head('$', length);
        Encoding.UTF8.GetBytes(value, Reserve(length));
        return Raw("\r\n"u8);
    }

    public RespWriter Bulk(long value)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, text, out var length);
        return Bulk(text[..length]);
    }

    public RespWriter Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        return this;
    }

    /// <summary>Room for bytes that the caller writes in place.</summary>
    public Span<byte> Reserve(int count)
    {
        var at = Length;
        if (_buffer.Length - at < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, at + count));
        }

        Length = at + count;
        return _buffer.AsSpan(at, count);
    }

    /// <summary>Room for at most <paramref name="count"/> bytes; how many were used is said with <see cref="Advance"/>.</summary>
    public Span<byte> Peek(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        }

        return _buffer.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    /// <summary>Writes the head of a command whose number of parts is known only behind it, into bytes reserved with <see cref="Reserve"/>; returns by how many bytes what stands behind it moved.</summary>
    public int PatchParts(int at, int parts)
    {
        // Two digits were reserved, which is what nearly every command needs; any other moves.
        Span<byte> head = stackalloc byte[16];
        head[0] = (byte)'*';
        Utf8Formatter.TryFormat(parts, head[1..], out var digits);
        head[digits + 1] = (byte)'\r';
        head[digits + 2] = (byte)'\n';
        var change = digits - 2;
        if (change != 0)
        {
            var body = Length - at - HeadLength;
            if (change > 0)
            {
                Reserve(change);
            }
            else
            {
                Length += change;
            }

            Buffer.BlockCopy(_buffer, at + HeadLength, _buffer, at + HeadLength + change, body);
        }

        head[..(digits + 3)].CopyTo(_buffer.AsSpan(at));
        return change;
    }

    /// <summary>Takes back what was written behind this length.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Bytes to reserve for the head of a command that <see cref="PatchParts"/> writes later.</summary>
    public const int HeadLength = 5;

    private void Head(char kind, int number)
    {
        var room = Peek(16);
        room[0] = (byte)kind;
        int digits;
        if ((uint)number < 10)
        {
            room[1] = (byte)('0' + number);
            digits = 1;
        }
        else
        {
            Utf8Formatter.TryFormat(number, room[1..], out digits);
        }

        room[digits + 1] = (byte)'\r';
        room[digits + 2] = (byte)'\n';
        Length += digits + 3;
    }
}
