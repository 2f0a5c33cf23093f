namespace QuantumTrader.Market.Sources;

/// <summary>The fields of one line of a CSV file (RFC 4180, except that a quoted field ends on its line).</summary>
internal sealed class CsvRow(byte delimiter)
{
    private const byte Quote = (byte)'"';
    private readonly byte[] _delimiters = [delimiter];
    private byte[] _text = new byte[1024];
    private Range[] _fields = new Range[32];

    /// <summary>Fields in the line.</summary>
    public int Count { get; private set; }

    /// <summary>A field, without its quotes. Valid until the next line is split.</summary>
    public ReadOnlySpan<byte> this[int index] => _text.AsSpan(_fields[index]);

    /// <summary>Splits a line; false when a quoted field does not end, or goes on behind its closing quote.</summary>
    public bool TrySplit(ReadOnlySpan<byte> line)
    {
        if (_text.Length < line.Length)
        {
            _text = new byte[line.Length * 2];
        }

        line.CopyTo(_text);
        Count = 0;
        return line.Contains(Quote) ? TrySplitQuoted(line) : SplitPlain(line);
    }

    private bool SplitPlain(ReadOnlySpan<byte> line)
    {
        var start = 0;
        for (var length = line.IndexOf(_delimiters); length >= 0; length = line[start..].IndexOf(_delimiters))
        {
            Add(start, start + length);
            start += length + 1;
        }

        Add(start, line.Length);
        return true;
    }

    // Fields are moved together in the copy of the line, where two quotes become one.
    private bool TrySplitQuoted(ReadOnlySpan<byte> line)
    {
        var (from, to) = (0, 0);
        while (true)
        {
            var start = to;
            if (from < line.Length && line[from] == Quote)
            {
                for (from++; ; _text[to++] = line[from++])
                {
                    if (from == line.Length)
                    {
                        return false;
                    }

                    if (line[from] != Quote)
                    {
                        continue;
                    }

                    from++;
                    if (from == line.Length || line[from] != Quote)
                    {
                        break;
                    }
                }
            }
            else
            {
                for (; from < line.Length && line[from] != _delimiters[0]; from++)
                {
                    _text[to++] = line[from];
                }
            }

            Add(start, to);
            if (from == line.Length)
            {
                return true;
            }

            if (line[from++] != _delimiters[0])
            {
                return false;
            }
        }
    }

    private void Add(int start, int end)
    {
        if (Count == _fields.Length)
        {
            Array.Resize(ref _fields, Count * 2);
        }

        _fields[Count++] = start..end;
    }
}
