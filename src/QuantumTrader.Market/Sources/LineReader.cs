using System.Buffers;

namespace QuantumTrader.Market.Sources;

/// <summary>What <see cref="LineReader.Read"/> found.</summary>
public enum LineResult
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line above the limit; it was skipped, and its first bytes are given.</summary>
    TooLong,

    /// <summary>The end of the stream.</summary>
    End,
}

/// <summary>
/// Reads lines of bytes from a stream without allocating per line. An exception of the stream comes out of <see cref="Read"/> only after
/// every whole line before it was given.
/// </summary>
public sealed class LineReader : IDisposable
{
    /// <summary>Longest line in bytes that is read unless another limit is given.</summary>
    public const int DefaultLimit = 16 * 1024 * 1024;

    private const int FirstBufferSize = 128 * 1024;
    private const int ExcerptSize = 256;

    private readonly Stream _stream;
    private readonly int _limit;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBufferSize);
    private int _start;
    private int _end;

    /// <summary>A reader that owns the stream.</summary>
    /// <param name="stream">Where the bytes come from; it needs no buffer of its own.</param>
    /// <param name="limit">Longest line in bytes.</param>
    public LineReader(Stream stream, int limit = DefaultLimit)
    {
        _stream = stream;
        _limit = limit;
    }

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes taken from the stream.</summary>
    public long Bytes { get; private set; }

    /// <summary>True when the line that was read last ended with the stream instead of a line break.</summary>
    public bool IsUnterminated { get; private set; }

    /// <summary>Reads the next line, without its line break (LF or CR LF). The span is valid until the next call.</summary>
    public LineResult Read(out ReadOnlySpan<byte> line)
    {
        var searched = 0;
        while (true)
        {
            var length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                length += searched;
                line = Trim(_buffer.AsSpan(_start, length));
                _start += length + 1;
                Number++;
                return length <= _limit ? LineResult.Line : Cut(ref line);
            }

            searched = _end - _start;
            if (searched > _limit)
            {
                return SkipLongLine(out line);
            }

            if (!Fill())
            {
                line = Trim(_buffer.AsSpan(_start, searched));
                _start = _end;
                IsUnterminated = searched > 0;
                Number += searched > 0 ? 1 : 0;
                return searched > 0 ? LineResult.Line : LineResult.End;
            }
        }
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line is [.. var text, (byte)'\r'] ? text : line;

    private static LineResult Cut(ref ReadOnlySpan<byte> line)
    {
        line = line[..Math.Min(line.Length, ExcerptSize)];
        return LineResult.TooLong;
    }

    private LineResult SkipLongLine(out ReadOnlySpan<byte> line)
    {
        var excerpt = _buffer.AsSpan(_start, Math.Min(_end - _start, ExcerptSize)).ToArray();
        var length = -1;
        while (length < 0)
        {
            _start = _end;
            if (!Fill())
            {
                break;
            }

            length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        }

        _start = length < 0 ? _end : _start + length + 1;
        Number++;
        line = excerpt;
        return LineResult.TooLong;
    }

    // Makes room behind what is still unread, moving it to the front or to a larger buffer, and reads once.
    private bool Fill()
    {
        var unread = _end - _start;
        if (unread == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(_start, unread).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, unread).CopyTo(_buffer);
        }

        _start = 0;
        _end = unread;
        var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        Bytes += read;
        return read > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _start = _end = 0;
        }
    }
}
