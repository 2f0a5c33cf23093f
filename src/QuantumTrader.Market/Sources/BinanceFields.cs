using System.Text;

namespace QuantumTrader.Market.Sources;

/// <summary>Which stream a Binance message came on.</summary>
internal enum BinanceStream
{
    Unknown,
    Trade,
    BookTicker,
    Depth,
    MarkPrice,

    /// <summary>Not a stream: the answer to a request for the whole book.</summary>
    Snapshot,
}

/// <summary>What a value in a Binance message is; the order groups them by how they are written.</summary>
internal enum BinanceField
{
    // Decimals in quotes.
    Price,
    Quantity,
    AskPrice,
    AskQuantity,

    // Whole numbers; times are ms since 1970 UTC.
    EventTime,
    TransactionTime,
    TradeNumber,
    FirstUpdateId,
    LastUpdateId,
    PreviousUpdateId,

    // true or false, kept as 1 or 0.
    IsBuyerMaker,

    // Text.
    Symbol,
    Origin,

    // Lists of [price, quantity].
    Bids,
    Asks,

    /// <summary>Nothing that is needed.</summary>
    Other,
}

/// <summary>The fields of each stream: the one place that knows the exchange's letters.</summary>
internal static class BinanceFields
{
    private const int Letters = 128;

    private static readonly (string Key, BinanceField Field)[][] Streams =
    [
        [],
        [
            ("E", BinanceField.EventTime), ("T", BinanceField.TransactionTime), ("s", BinanceField.Symbol), ("t", BinanceField.TradeNumber),
            ("p", BinanceField.Price), ("q", BinanceField.Quantity), ("m", BinanceField.IsBuyerMaker), ("X", BinanceField.Origin),
        ],
        [
            ("E", BinanceField.EventTime), ("T", BinanceField.TransactionTime), ("s", BinanceField.Symbol),
            ("u", BinanceField.LastUpdateId), ("b", BinanceField.Price), ("B", BinanceField.Quantity), ("a", BinanceField.AskPrice), ("A", BinanceField.AskQuantity),
        ],
        [
            ("E", BinanceField.EventTime), ("T", BinanceField.TransactionTime), ("s", BinanceField.Symbol), ("U", BinanceField.FirstUpdateId),
            ("u", BinanceField.LastUpdateId), ("pu", BinanceField.PreviousUpdateId), ("b", BinanceField.Bids), ("a", BinanceField.Asks),
        ],

        // T of a mark price is the time of the next funding, so it is not taken.
        [("E", BinanceField.EventTime), ("s", BinanceField.Symbol), ("p", BinanceField.Price)],
        [
            ("E", BinanceField.EventTime), ("T", BinanceField.TransactionTime), ("symbol", BinanceField.Symbol),
            ("lastUpdateId", BinanceField.LastUpdateId), ("bids", BinanceField.Bids), ("asks", BinanceField.Asks),
        ],
    ];

    private static readonly uint[] RequiredMasks =
    [
        0,
        Mask(BinanceField.Price, BinanceField.Quantity, BinanceField.TradeNumber, BinanceField.IsBuyerMaker),
        Mask(BinanceField.Price, BinanceField.Quantity, BinanceField.AskPrice, BinanceField.AskQuantity),
        Mask(BinanceField.FirstUpdateId, BinanceField.LastUpdateId, BinanceField.Bids, BinanceField.Asks),
        Mask(BinanceField.Price, BinanceField.EventTime),
        Mask(BinanceField.LastUpdateId, BinanceField.Bids, BinanceField.Asks),
    ];

    private static readonly BinanceField[] ByLetter = BuildLetters();

    private static readonly (byte[] Key, BinanceField Field)[][] ByWord =
        [.. Streams.Select(s => s.Where(f => f.Key.Length > 1).Select(f => (Encoding.ASCII.GetBytes(f.Key), f.Field)).ToArray())];

    /// <summary>What this key means in this stream.</summary>
    public static BinanceField Of(BinanceStream stream, ReadOnlySpan<byte> key)
    {
        if (key.Length == 1 && key[0] < Letters)
        {
            return ByLetter[((int)stream * Letters) + key[0]];
        }

        foreach (var (word, field) in ByWord[(int)stream])
        {
            if (key.SequenceEqual(word))
            {
                return field;
            }
        }

        return BinanceField.Other;
    }

    /// <summary>A bit for each field that a message of this stream must have, apart from its times.</summary>
    public static uint Required(BinanceStream stream) => RequiredMasks[(int)stream];

    /// <summary>The stream and symbol in a name such as <c>btcusdt@depth@100ms</c>.</summary>
    public static BinanceStream StreamOf(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> symbol)
    {
        var at = name.IndexOf((byte)'@');
        symbol = at < 0 ? default : name[..at];
        var kind = name[(at + 1)..];
        return kind.SequenceEqual("trade"u8) ? BinanceStream.Trade
            : kind.SequenceEqual("bookTicker"u8) ? BinanceStream.BookTicker
            : IsNamed(kind, "depth"u8) ? BinanceStream.Depth
            : IsNamed(kind, "markPrice"u8) ? BinanceStream.MarkPrice
            : BinanceStream.Unknown;
    }

    // The speed may follow: depth@100ms. But depth20 is another stream: it sends partial books.
    private static bool IsNamed(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> name) =>
        kind.StartsWith(name) && (kind.Length == name.Length || kind[name.Length] == (byte)'@');

    private static BinanceField[] BuildLetters()
    {
        var letters = new BinanceField[Streams.Length * Letters];
        Array.Fill(letters, BinanceField.Other);
        for (var stream = 0; stream < Streams.Length; stream++)
        {
            foreach (var (key, field) in Streams[stream].Where(f => f.Key.Length == 1))
            {
                letters[(stream * Letters) + key[0]] = field;
            }
        }

        return letters;
    }

    private static uint Mask(params BinanceField[] fields) => fields.Aggregate(0u, (mask, field) => mask | (1u << (int)field));
}
