using System.Buffers.Text;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>
/// Sends the rows of CSV files: trades, quotes or price levels, in whatever columns they stand. A row that cannot be read is refused with
/// its file, line and reason; the rest goes on.
/// <para>
/// A level is a book update of its own: a header without update ids (0, because such files have none) and the level, which ends the
/// message. A snapshot goes first, as one header and all its levels, with the time of the first update.
/// </para>
/// </summary>
[Block("source.csv", "CSV files of trades, quotes or book levels; which column holds what is said in YAML.")]
public sealed class CsvSource : LineSource
{
    private readonly CsvOptions _options;
    private readonly Dictionary<string, CsvMapping> _mappings;
    private readonly SymbolFilter _symbols;
    private readonly CsvRow _row;
    private readonly (byte[] Text, Side Side)[] _sides;
    private readonly byte[] _join;
    private readonly int _symbol;
    private readonly List<(Side Side, string Path)> _snapshot = [];
    private string? _path;
    private CsvMapping _mapping = null!;
    private long _midnight;
    private long _lastTime;

    /// <summary>Finds the files and checks that they have the columns.</summary>
    /// <exception cref="ConfigurationException">A file or column is missing, or an option makes no sense.</exception>
    public CsvSource(CsvOptions options, MarketContext market, BlockContext context)
        : this(options, market, context, InputPaths.Find("path", options.Path, context.Files))
    {
    }

    private CsvSource(CsvOptions options, MarketContext market, BlockContext context, IReadOnlyList<string> paths)
        : base(options, context, paths)
    {
        ArgumentNullException.ThrowIfNull(market);
        _options = options;
        if (options.Delimiter is not [< (char)0x80 and not '"'])
        {
            throw new ConfigurationException("delimiter", $"'{options.Delimiter}' is no delimiter. Legal is one ASCII character, such as ',' or ';'.");
        }

        _mappings = paths.Distinct().ToDictionary(p => p, p => CsvMapping.Create(options, p, isSnapshot: false));
        _symbols = new SymbolFilter(market.Symbols, new Dictionary<string, string>());
        _row = new CsvRow((byte)options.Delimiter[0]);
        _sides = ReadSides(options.SideValues);
        _join = Encoding.UTF8.GetBytes(options.Join);
        _symbol = FindSymbol(options, market.Symbols);
        if (options.Snapshot is { } snapshot)
        {
            AddSnapshot(Side.Buy, "snapshot.bids", snapshot.Bids, context.Files);
            AddSnapshot(Side.Sell, "snapshot.asks", snapshot.Asks, context.Files);
        }

        if (options.Time.Unit == CsvTimeUnit.MsOfDay && paths.FirstOrDefault(p => !CsvTime.TryReadDay(Path.GetFileName(p), 0, out _)) is { } undated)
        {
            throw new ConfigurationException("time.unit", $"The name of '{undated}' does not begin with a day such as 20140502, which 'ms_of_day' needs. Rename it or choose another unit.");
        }
    }

    private static (byte[] Text, Side Side)[] ReadSides(IReadOnlyDictionary<string, string> values) => values.Count == 0
        ? [("buy"u8.ToArray(), Side.Buy), ("sell"u8.ToArray(), Side.Sell), ("bid"u8.ToArray(), Side.Buy), ("ask"u8.ToArray(), Side.Sell), ("b"u8.ToArray(), Side.Buy), ("s"u8.ToArray(), Side.Sell), ("a"u8.ToArray(), Side.Sell)]
        : [.. values.Select(v => (Encoding.UTF8.GetBytes(v.Key), v.Value switch
        {
            "buy" => Side.Buy,
            "sell" => Side.Sell,
            _ => throw new ConfigurationException("side_values", $"'{v.Value}' is no side. Legal are 'buy' and 'sell'."),
        }))];

    private static int FindSymbol(CsvOptions options, SymbolTable symbols) => options switch
    {
        { Columns.Symbol.Length: > 0, Snapshot: null } => 0,
        { Symbol.Length: > 0 } => SymbolFilter.Require("symbol", options.Symbol, symbols),
        _ when symbols.Count == 1 => 1,
        _ => throw new ConfigurationException("symbol", "The pipeline has several symbols, so the file's must be named: 'symbol', or 'columns.symbol' for a column that holds it."),
    };

    private void AddSnapshot(Side side, string option, string path, SectionContext files)
    {
        if (_options.Kind != CsvKind.Level)
        {
            throw new ConfigurationException("snapshot", "A snapshot needs 'kind: level'. Take it out, or read the levels of the book.");
        }

        foreach (var file in InputPaths.Find(option, [path], files))
        {
            _mappings[file] = CsvMapping.Create(_options, file, isSnapshot: true);
            _snapshot.Add((side, file));
        }
    }

    /// <inheritdoc/>
    protected override void ReadLine(ReadOnlySpan<byte> line, Output<MarketEvent> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (!ReferenceEquals(_path, Input.Path))
        {
            _path = Input.Path!;
            _mapping = _mappings[_path];
            CsvTime.TryReadDay(Path.GetFileName(_path), _options.Time.UtcOffsetHours, out _midnight);
        }

        if (line.IsEmpty || (_options.Header && Input.LineNumber == 1))
        {
            return;
        }

        var value = new MarketEvent { Symbol = _symbol };
        var problem = TrySplit(line, _mapping) ?? TryReadRow(ref value);
        if (problem is not null)
        {
            Reject(Input.Place, problem, line);
        }
        else if (value.Symbol == 0)
        {
            Accounts.Drop("other_symbol", value.Kind == EventKind.BookLevel ? 2 : 1);
        }
        else
        {
            SendRow(ref value, output);
        }
    }

    private void SendRow(ref MarketEvent value, Output<MarketEvent> output)
    {
        if (value.EventTime < _lastTime)
        {
            Note("clock_back", $"{Input.Place}: the time is {_lastTime - value.EventTime} ns before the one of the row before; the events keep the order of the rows.");
        }

        _lastTime = value.EventTime;
        if (value.Kind == EventKind.BookLevel)
        {
            if (_snapshot.Count > 0)
            {
                SendSnapshot(value.EventTime, output);
            }

            SendHeader(EventKind.BookUpdate, 1, value.EventTime, value.Symbol, output);
            value.Flags = EventFlags.EndOfMessage;
        }

        Send(output, ref value);
    }

    private void SendHeader(EventKind kind, int levels, long time, int symbol, Output<MarketEvent> output)
    {
        var header = new MarketEvent { Kind = kind, EventTime = time, Symbol = symbol, PreviousUpdateId = -1, LevelCount = levels };
        header.Flags = (kind == EventKind.BookSnapshot ? EventFlags.Snapshot : EventFlags.None) | (levels == 0 ? EventFlags.EndOfMessage : EventFlags.None);
        Send(output, ref header);
    }

    // Read only now, because a snapshot has no time of its own: it gets the first update's.
    private void SendSnapshot(long time, Output<MarketEvent> output)
    {
        var levels = new List<MarketEvent>();
        foreach (var (side, path) in _snapshot)
        {
            ReadSnapshot(side, path, time, levels);
        }

        _snapshot.Clear();
        SendHeader(EventKind.BookSnapshot, levels.Count, time, _symbol, output);
        for (var i = 0; i < levels.Count; i++)
        {
            var level = levels[i];
            level.Flags |= i == levels.Count - 1 ? EventFlags.EndOfMessage : EventFlags.None;
            Send(output, ref level);
        }
    }

    private void ReadSnapshot(Side side, string path, long time, List<MarketEvent> levels)
    {
        using var input = new InputSequence([path]);
        while (input.Read(Accounts, out var line) is var result && result != LineResult.End)
        {
            if (line.IsEmpty || (_options.Header && input.LineNumber == 1))
            {
                continue;
            }

            var level = new MarketEvent { Kind = EventKind.BookLevel, EventTime = time, Symbol = _symbol, Side = side, Flags = EventFlags.Snapshot };
            var problem = TrySplit(line, _mappings[path]) ?? TryReadPriceAndQuantity(_mappings[path], ref level);
            if (problem is not null)
            {
                Reject(input.Place, problem, line);
                continue;
            }

            levels.Add(level);
        }
    }

    private void Reject(string place, string problem, ReadOnlySpan<byte> line) =>
        Accounts.Reject("broken_row", -1, $"{place}: {problem}: {Shown(line)}");

    // These give what is wrong with the row, or null.
    private string? TrySplit(ReadOnlySpan<byte> line, CsvMapping mapping) =>
        !_row.TrySplit(line) ? "a quoted field does not end" : _row.Count < mapping.Width ? $"{_row.Count} fields instead of {mapping.Width} or more" : null;

    private string? TryReadRow(ref MarketEvent value)
    {
        if (!CsvTime.TryParse(_row[_mapping.Time], _options.Time.Unit, _options.Time.UtcOffsetHours, _midnight, out value.EventTime))
        {
            return "the time cannot be read";
        }

        if (_mapping.Symbol >= 0)
        {
            value.Symbol = _symbols.Find(_row[_mapping.Symbol]);
        }

        switch (_options.Kind)
        {
            case CsvKind.Trade:
                value.Kind = EventKind.Trade;
                value.SideSource = _mapping.Side >= 0 ? SideSource.Flag : SideSource.Unknown;
                return TryReadPriceAndQuantity(_mapping, ref value) ?? TryReadSide(ref value) ?? TryReadNumber(ref value);
            case CsvKind.Level:
                value.Kind = EventKind.BookLevel;
                return TryReadPriceAndQuantity(_mapping, ref value) ?? TryReadSide(ref value);
            default:
                value.Kind = EventKind.Quote;
                return TryReadQuoteSide(_mapping.Bid, _mapping.BidQuantity, ref value.Price, ref value.Quantity)
                    ?? TryReadQuoteSide(_mapping.Ask, _mapping.AskQuantity, ref value.AskPrice, ref value.AskQuantity);
        }
    }

    private string? TryReadPriceAndQuantity(CsvMapping mapping, ref MarketEvent value) =>
        !Scaled.TryParse(_row[mapping.Price], out value.Price) ? "the price is no number"
        : !Scaled.TryParse(_row[mapping.Quantity], out value.Quantity) ? "the quantity is no number"
        : null;

    private string? TryReadSide(ref MarketEvent value)
    {
        if (_mapping.Side < 0)
        {
            return null;
        }

        var text = _row[_mapping.Side];
        foreach (var (name, side) in _sides)
        {
            if (Ascii.EqualsIgnoreCase(text, name))
            {
                value.Side = side;
                return null;
            }
        }

        return "the side is none of 'side_values'";
    }

    private string? TryReadNumber(ref MarketEvent value)
    {
        if (_mapping.Number < 0)
        {
            return null;
        }

        var text = _row[_mapping.Number];
        return Utf8Parser.TryParse(text, out value.TradeNumber, out var length) && length == text.Length ? null : "the trade number is no whole number";
    }

    private string? TryReadQuoteSide(int priceColumn, int quantityColumn, ref long price, ref long quantity)
    {
        var priceText = _row[priceColumn];
        var quantityText = quantityColumn >= 0 ? _row[quantityColumn] : default;
        if (_join.Length > 0)
        {
            var at = priceText.IndexOf(_join);
            if (at < 0)
            {
                return "price and quantity are not joined as 'join' says";
            }

            quantityText = priceText[(at + _join.Length)..];
            priceText = priceText[..at];
        }

        return !Scaled.TryParse(priceText, out price) ? "a price is no number"
            : (_join.Length > 0 || quantityColumn >= 0) && !Scaled.TryParse(quantityText, out quantity) ? "a quantity is no number"
            : null;
    }
}
