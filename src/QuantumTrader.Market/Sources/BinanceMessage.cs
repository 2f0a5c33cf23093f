namespace QuantumTrader.Market.Sources;

/// <summary>One message of a Binance recording, decoded. It is reused from line to line.</summary>
internal sealed class BinanceMessage
{
    private const int LongestSymbol = 64;
    private readonly long[] _numbers = new long[(int)BinanceField.IsBuyerMaker + 1];
    private readonly byte[] _symbol = new byte[LongestSymbol];
    private int _symbolLength;
    private uint _present;

    public BinanceStream Stream { get; private set; }

    /// <summary>True when the trade's origin is something other than a market order, such as the insurance fund.</summary>
    public bool IsOffMarket { get; set; }

    public LevelList Bids { get; } = new();

    public LevelList Asks { get; } = new();

    /// <summary>The symbol in the exchange's upper-case form; empty when the message has none.</summary>
    public ReadOnlySpan<byte> Symbol => _symbol.AsSpan(0, _symbolLength);

    /// <summary>A number of the message; only meaningful for fields that it has.</summary>
    public long this[BinanceField field] => _numbers[(int)field];

    public bool Has(BinanceField field) => (_present & (1u << (int)field)) != 0;

    /// <summary>True when the message has all that its stream must send.</summary>
    public bool IsComplete => BinanceFields.Required(Stream) is var required && required != 0 && (_present & required) == required
        && (Stream is not (BinanceStream.Trade or BinanceStream.Depth) || Has(BinanceField.EventTime) || Has(BinanceField.TransactionTime));

    public void Clear(BinanceStream stream)
    {
        Stream = stream;
        IsOffMarket = false;
        _symbolLength = 0;
        _present = 0;
    }

    /// <summary>Begins a message of this stream, such as <c>btcusdt@depth@100ms</c>; false when its symbol is too long.</summary>
    public bool TryBegin(ReadOnlySpan<byte> streamName)
    {
        Clear(BinanceFields.StreamOf(streamName, out var symbol));
        return TrySetSymbol(symbol);
    }

    /// <summary>Sets a number; always true, so that it can follow the reading of the number in one expression.</summary>
    public bool Set(BinanceField field, long value)
    {
        _numbers[(int)field] = value;
        _present |= 1u << (int)field;
        return true;
    }

    public bool TrySetSymbol(ReadOnlySpan<byte> symbol)
    {
        if (symbol.Length > LongestSymbol)
        {
            return false;
        }

        _symbolLength = symbol.Length;
        for (var i = 0; i < symbol.Length; i++)
        {
            _symbol[i] = symbol[i] is >= (byte)'a' and <= (byte)'z' ? (byte)(symbol[i] - 32) : symbol[i];
        }

        return true;
    }

    /// <summary>The bids or asks, emptied to be read anew.</summary>
    public LevelList Begin(BinanceField side)
    {
        var levels = side == BinanceField.Bids ? Bids : Asks;
        levels.Clear();
        _present |= 1u << (int)side;
        return levels;
    }
}

/// <summary>Price levels, in an array that grows and is kept.</summary>
internal sealed class LevelList
{
    private (long Price, long Quantity)[] _levels = new (long, long)[256];

    public int Count { get; private set; }

    public ReadOnlySpan<(long Price, long Quantity)> Levels => _levels.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(long price, long quantity)
    {
        if (Count == _levels.Length)
        {
            Array.Resize(ref _levels, Count * 2);
        }

        _levels[Count++] = (price, quantity);
    }
}
