using System.Text;

namespace QuantumTrader.Storage.Valkey;

/// <summary>What a token of a reply is.</summary>
internal enum RespKind : byte
{
    Text = (byte)'+',
    Error = (byte)'-',
    Number = (byte)':',
    Bulk = (byte)'$',
    Array = (byte)'*',
}

/// <summary>
/// Reads replies of the server's protocol (RESP2) token by token, without copying: a token is a place in the buffer. From
/// <see cref="Hold"/> on nothing moves out of the buffer, so that a whole page can be read first and decoded afterwards.
/// </summary>
internal sealed class RespReader(Stream stream)
{
    /// <summary>A reply that is longer than this is not one of ours: the largest single value of a server is 512 MB.</summary>
    private const int MaxBuffer = 1 << 30;

    private byte[] _buffer = new byte[64 * 1024];
    private int _at;
    private int _end;
    private int _held = -1;

    /// <summary>Kind of the token.</summary>
    public RespKind Kind { get; private set; }

    /// <summary>Value of a number, length of a bulk or an array; -1 for "nothing".</summary>
    public long Number { get; private set; }

    /// <summary>Where the bytes of a text, error or bulk start, counted from <see cref="Hold"/>.</summary>
    public int Start { get; private set; }

    /// <summary>How many bytes a text, error or bulk has.</summary>
    public int Length { get; private set; }

    /// <summary>Where the next token starts, counted from <see cref="Hold"/>.</summary>
    public int Place => _at - Origin;

    /// <summary>Bytes of the token; valid until the next one, or until <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> Bytes => Span(Start, Length);

    private int Origin => _held < 0 ? 0 : _held;

    /// <summary>Bytes that were read since <see cref="Hold"/>.</summary>
    public ReadOnlySpan<byte> Span(int start, int length) => _buffer.AsSpan(Origin + start, length);

    /// <summary>Keeps what follows in the buffer.</summary>
    public void Hold() => _held = _at;

    /// <summary>Lets go of what was kept.</summary>
    public void Release() => _held = -1;

    /// <summary>Reads the next token. Throws <see cref="IOException"/> when the connection ends or is silent for too long.</summary>
    public void Next()
    {
        // Nearly every token is a short bulk that has arrived as a whole; a page has tens of thousands.
        var rest = _buffer.AsSpan(_at, _end - _at);
        if (rest.Length > 16 && rest[0] == (byte)'$')
        {
            var (length, i) = (0, 1);
            for (uint digit; i < 10 && (digit = (uint)(rest[i] - '0')) <= 9; i++)
            {
                length = (length * 10) + (int)digit;
            }

            if (rest[i] == (byte)'\r' && i > 1 && rest.Length - i - 4 >= length)
            {
                (Kind, Number, Start, Length) = (RespKind.Bulk, length, _at + i + 2 - Origin, length);
                _at += i + 4 + length;
                return;
            }
        }

        NextOfAnyKind();
    }

    private void NextOfAnyKind()
    {
        var kind = (RespKind)Peek(_at);
        var at = _at + 1;
        if (kind is RespKind.Text or RespKind.Error)
        {
            ReadLine(kind, at);
            return;
        }

        if (kind is not (RespKind.Number or RespKind.Bulk or RespKind.Array))
        {
            throw new IOException($"the server answered with a byte {(int)kind} where a reply starts; is this a Valkey server, without TLS on a TLS port or the other way round?");
        }

        var isNegative = PeekAt(ref at) == (byte)'-';
        at += isNegative ? 1 : 0;
        long number = 0;
        byte digit;
        while ((digit = PeekAt(ref at)) != (byte)'\r')
        {
            number = (number * 10) + (digit - '0');
            at++;
        }

        at++;
        PeekAt(ref at);
        at++;
        Kind = kind;
        Number = isNegative ? -number : number;
        Length = 0;
        if (kind == RespKind.Bulk && number >= 0 && !isNegative)
        {
            if (number > MaxBuffer)
            {
                throw new IOException($"the server announced a value of {number} bytes");
            }

            var needed = (int)number + 2;
            if (_end - at < needed)
            {
                Fill(ref at, needed);
            }

            Start = at - Origin;
            Length = (int)number;
            at += needed;
        }

        _at = at;
    }

    /// <summary>Skips bytes that are expected next; false when others stand there, or they have not arrived yet.</summary>
    public bool TrySkip(ReadOnlySpan<byte> expected)
    {
        var isThere = _buffer.AsSpan(_at, _end - _at).StartsWith(expected);
        _at += isThere ? expected.Length : 0;
        return isThere;
    }

    /// <summary>Skips the rest of a reply whose first token was just read.</summary>
    public void Skip()
    {
        for (var left = Kind == RespKind.Array ? Number : 0; left > 0; left--)
        {
            Next();
            Skip();
        }
    }

    /// <summary>The bytes of the token as text.</summary>
    public string Text() => Encoding.UTF8.GetString(Bytes);

    private void ReadLine(RespKind kind, int at)
    {
        int length;
        while ((length = _buffer.AsSpan(at, _end - at).IndexOf("\r\n"u8)) < 0)
        {
            Fill(ref at, _end - at + 1);
        }

        Kind = kind;
        Number = 0;
        Start = at - Origin;
        Length = length;
        _at = at + length + 2;
    }

    private byte Peek(int at)
    {
        if (at >= _end)
        {
            var place = at;
            Fill(ref place, 1);
            return _buffer[place];
        }

        return _buffer[at];
    }

    private byte PeekAt(ref int at)
    {
        if (at >= _end)
        {
            Fill(ref at, 1);
        }

        return _buffer[at];
    }

    // Makes sure that so many bytes stand behind this place, which moves when the buffer does.
    private void Fill(ref int at, int needed)
    {
        var keep = _held < 0 ? _at : _held;
        if (keep > 0 && (keep == _end || at + needed > _buffer.Length))
        {
            Buffer.BlockCopy(_buffer, keep, _buffer, 0, _end - keep);
            _end -= keep;
            at -= keep;
            _at -= keep;
            _held = _held < 0 ? -1 : 0;
        }

        if (at + needed > _buffer.Length)
        {
            if (at + needed > MaxBuffer)
            {
                throw new IOException($"a reply of more than {MaxBuffer} bytes");
            }

            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, at + needed));
        }

        while (_end - at < needed)
        {
            var read = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                throw new IOException("the server closed the connection");
            }

            _end += read;
        }
    }
}
