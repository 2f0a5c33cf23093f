using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>What a row of a CSV file is.</summary>
public enum CsvKind
{
    /// <summary>A trade.</summary>
    Trade,

    /// <summary>Best bid and ask.</summary>
    Quote,

    /// <summary>The new total of one price level of a book.</summary>
    Level,
}

/// <summary>How times are written.</summary>
public enum CsvTimeUnit
{
    /// <summary>Seconds since 1970 UTC; decimals are read down to the nanosecond.</summary>
    S,

    /// <summary>Milliseconds since 1970 UTC.</summary>
    Ms,

    /// <summary>Microseconds since 1970 UTC.</summary>
    Us,

    /// <summary>Nanoseconds since 1970 UTC.</summary>
    Ns,

    /// <summary>ISO 8601, such as <c>2018-04-24T03:52:17.202Z</c>; without a zone, <c>utc_offset_hours</c> says which.</summary>
    Iso,

    /// <summary>Milliseconds since midnight of the day that the file's name begins with (<c>20140502_quote.zip</c>), by <c>utc_offset_hours</c>.</summary>
    MsOfDay,
}

/// <summary>Options of <c>source.csv</c>.</summary>
public sealed record CsvOptions : SourceOptions
{
    /// <summary>
    /// The files: a file, a folder (all files in it), a name with <c>*</c>, or a list of these. Files of one folder or pattern are read in the
    /// order of their names. Plain text, gzip, or a zip with one file in it. Example: <c>path: gemini/*trade.csv.gz</c>.
    /// </summary>
    [Required]
    public IReadOnlyList<string> Path { get; init; } = [];

    /// <summary>What a row is: <c>trade</c>, <c>quote</c> or <c>level</c>.</summary>
    [Required]
    public CsvKind Kind { get; init; }

    /// <summary>Symbol of all rows; not needed when the pipeline has only one, or a column names it. Example: <c>symbol: ETHUSD</c>.</summary>
    public string Symbol { get; init; } = "";

    /// <summary>Where the time stands and how it is written. Example: <c>time: { column: time_seconds, unit: s }</c>.</summary>
    [Required]
    public CsvTimeOptions Time { get; init; } = new();

    /// <summary>Which column holds what. Example: <c>columns: { price: price, quantity: size, side: is_buyer_maker }</c>.</summary>
    [Required]
    public CsvColumnOptions Columns { get; init; } = new();

    /// <summary>
    /// Text between price and quantity where a quote's <c>bid</c> and <c>ask</c> columns hold both, such as <c>_</c> for
    /// <c>2271.58_1.6477</c>. Default: they hold only the price.
    /// </summary>
    public string Join { get; init; } = "";

    /// <summary>
    /// What the texts of the side column mean: <c>buy</c> or <c>sell</c>, of the aggressor for a trade, of the book for a level. Default:
    /// <c>buy</c>, <c>bid</c>, <c>b</c> and <c>sell</c>, <c>ask</c>, <c>s</c>, <c>a</c>, in any case. Example: <c>side_values: { "1": sell, "0": buy }</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> SideValues { get; init; } = new Dictionary<string, string>();

    /// <summary>For levels: the full book at the start. Example: <c>snapshot: { bids: bids.csv.gz, asks: asks.csv.gz }</c>.</summary>
    public CsvSnapshotOptions? Snapshot { get; init; }

    /// <summary>True when the first row names the columns; otherwise columns are given as numbers, from 1. Default: <c>true</c>.</summary>
    public bool Header { get; init; } = true;

    /// <summary>The character between fields. Default: <c>,</c>.</summary>
    public string Delimiter { get; init; } = ",";
}

/// <summary>Where the time of a row stands and how it is written.</summary>
public sealed record CsvTimeOptions
{
    /// <summary>Name of the column, or its number from 1 when there is no header.</summary>
    [Required]
    public string Column { get; init; } = "";

    /// <summary>How it is written: <c>s</c>, <c>ms</c>, <c>us</c>, <c>ns</c> since 1970 UTC, <c>iso</c>, or <c>ms_of_day</c>. Default: <c>ms</c>.</summary>
    public CsvTimeUnit Unit { get; init; } = CsvTimeUnit.Ms;

    /// <summary>For <c>iso</c> without a zone and <c>ms_of_day</c>: hours by which the file's clock is ahead of UTC. Example: <c>-5</c>. Default: <c>0</c>.</summary>
    [Range(-14, 14)]
    public int UtcOffsetHours { get; init; }
}

/// <summary>Which column holds what: a name from the header, or a number from 1 when there is none.</summary>
public sealed record CsvColumnOptions
{
    /// <summary>Price of a trade or level.</summary>
    public string Price { get; init; } = "";

    /// <summary>Quantity of a trade; new total of a level, where 0 removes it.</summary>
    public string Quantity { get; init; } = "";

    /// <summary>Aggressor of a trade (without it the side is unknown), side of a level; see <c>side_values</c>.</summary>
    public string Side { get; init; } = "";

    /// <summary>Trade number. Default: 0, not known.</summary>
    public string Number { get; init; } = "";

    /// <summary>Symbol. Rows of symbols that are not the pipeline's are counted and dropped.</summary>
    public string Symbol { get; init; } = "";

    /// <summary>Bid price of a quote, or bid price and quantity; see <c>join</c>.</summary>
    public string Bid { get; init; } = "";

    /// <summary>Bid quantity of a quote. Default: 0, not known.</summary>
    public string BidQuantity { get; init; } = "";

    /// <summary>Ask price of a quote, or ask price and quantity; see <c>join</c>.</summary>
    public string Ask { get; init; } = "";

    /// <summary>Ask quantity of a quote. Default: 0, not known.</summary>
    public string AskQuantity { get; init; } = "";
}

/// <summary>Files with the full book at the start. Their rows need no time: the book gets the time of the first update.</summary>
public sealed record CsvSnapshotOptions
{
    /// <summary>File with the bids.</summary>
    [Required]
    public string Bids { get; init; } = "";

    /// <summary>File with the asks.</summary>
    [Required]
    public string Asks { get; init; } = "";

    /// <summary>Columns of price and quantity in these files. Default: the same as in <c>columns</c>.</summary>
    public CsvColumnOptions? Columns { get; init; }
}
