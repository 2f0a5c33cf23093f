using System.Buffers.Text;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Options of <c>source.capture</c>.</summary>
public sealed record CaptureOptions : SourceOptions
{
    /// <summary>
    /// The recordings: a file, a folder (all files in it), a name with <c>*</c>, or a list of these. Files of one folder or pattern are read in
    /// the order of their names; several days continue as one stream. Plain text or gzip. Example: <c>path: recordings/btcusdt_*.gz</c>.
    /// </summary>
    [Required]
    public IReadOnlyList<string> Path { get; init; } = [];

    /// <summary>
    /// Symbol of the book snapshots, which on most markets do not name it. Without it a snapshot gets the symbol of the depth message before
    /// it, else of the one behind it. Needed only when a recording has several symbols. Example: <c>symbol: BTCUSDT</c>.
    /// </summary>
    public string Symbol { get; init; } = "";

    /// <summary>
    /// Other names for the recording's symbols, such as when two markets use the same one. The names on the left are the recording's, in upper
    /// case. Example: <c>symbol_map: { BTCUSDT: BTCUSDT_SPOT }</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> SymbolMap { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Sends what a Binance recording holds: lines of <c>receive time, space, message</c> with the streams trade, bookTicker, depth and
/// markPrice, and the answers to requests for the whole book. Receive times are ns, µs or ms since 1970 UTC, told apart by their length.
/// <para>
/// A trade, a quote and a mark price become one event each; a depth message or a snapshot becomes a header and one event per level.
/// Event time is the transaction time, else the time at which the message left the exchange. Spot quotes and spot snapshots have neither:
/// they get the newest exchange time seen so far in the recording and not their receive time, because a recorder's clock can be off by
/// seconds, and two clocks in one stream would put events in an order that never was.
/// </para>
/// </summary>
[Block("source.capture", "Binance recordings: trades, quotes, book updates and snapshots, mark prices.")]
public sealed class CaptureSource : LineSource
{
    private readonly SymbolFilter _symbols;
    private readonly BinanceMessage _message = new();
    private readonly BinanceEvents _events = new();
    private readonly int _snapshotSymbol;
    private int _lastDepthSymbol = -1;
    private (byte[] Json, long ReceiveTime, string Place)? _heldSnapshot;
    private long _lastReceiveTime;

    /// <summary>Finds the files; none is read yet.</summary>
    /// <exception cref="ConfigurationException">A file is missing, the speed is none, or the symbol is not one of the pipeline's.</exception>
    public CaptureSource(CaptureOptions options, MarketContext market, BlockContext context)
        : base(options, context, InputPaths.Find("path", options.Path, context.Files))
    {
        ArgumentNullException.ThrowIfNull(market);
        _symbols = new SymbolFilter(market.Symbols, options.SymbolMap);
        _snapshotSymbol = options.Symbol.Length == 0 ? -1 : SymbolFilter.Require("symbol", options.Symbol, market.Symbols);
    }

    /// <summary>False only in tests, which check that the general decoder gives the same events.</summary>
    internal bool UsesFastDecoder { get; init; } = true;

    /// <inheritdoc/>
    protected override void ReadLine(ReadOnlySpan<byte> line, Output<MarketEvent> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (line.IsEmpty)
        {
            return;
        }

        if (!TryReadReceiveTime(line, out var receiveTime, out var json) || !BinanceDecoder.TryDecode(json, _message, UsesFastDecoder))
        {
            Accounts.Reject("broken_line", -1, Describe(line));
            return;
        }

        if (receiveTime < _lastReceiveTime)
        {
            Note("clock_back", $"{Input.Place}: the receive time is {_lastReceiveTime - receiveTime} ns before the one of the line before; the events keep the order of the lines.");
        }

        _lastReceiveTime = receiveTime;
        switch (_message.Stream)
        {
            case BinanceStream.Unknown:
                Accounts.Reject("unknown_stream", -1, Describe(line));
                break;
            case BinanceStream.Snapshot:
                SendOrHoldSnapshot(json, receiveTime, output);
                break;
            default:
                var symbol = _symbols.Find(_message.Symbol);
                if (_message.Stream == BinanceStream.Depth)
                {
                    _lastDepthSymbol = symbol;
                    SendHeldSnapshot(symbol, output);
                }

                SendMessage(_message, symbol, receiveTime, output);
                break;
        }
    }

    private static bool TryReadReceiveTime(ReadOnlySpan<byte> line, out long nanoseconds, out ReadOnlySpan<byte> json)
    {
        json = default;
        if (!Utf8Parser.TryParse(line, out nanoseconds, out var length) || nanoseconds <= 0 || length == line.Length || line[length] != (byte)' ')
        {
            return false;
        }

        json = line[(length + 1)..];
        nanoseconds *= length switch { 19 => 1, 16 => 1_000, 13 => 1_000_000, _ => 0 };
        return nanoseconds > 0;
    }

    private void SendOrHoldSnapshot(ReadOnlySpan<byte> json, long receiveTime, Output<MarketEvent> output)
    {
        var symbol = _message.Symbol.Length > 0 ? _symbols.Find(_message.Symbol) : _snapshotSymbol >= 0 ? _snapshotSymbol : _lastDepthSymbol;
        if (symbol >= 0)
        {
            SendMessage(_message, symbol, receiveTime, output);
            return;
        }

        DropHeldSnapshot();
        _heldSnapshot = (json.ToArray(), receiveTime, Input.Place);
    }

    private void SendHeldSnapshot(int symbol, Output<MarketEvent> output)
    {
        if (_heldSnapshot is var (json, receiveTime, _))
        {
            _heldSnapshot = null;
            var snapshot = new BinanceMessage();
            BinanceJsonDecoder.TryDecode(json, snapshot);
            SendMessage(snapshot, symbol, receiveTime, output);
        }
    }

    /// <inheritdoc/>
    protected override void EndLines() => DropHeldSnapshot();

    private void DropHeldSnapshot()
    {
        if (_heldSnapshot is var (json, _, place))
        {
            _heldSnapshot = null;
            Accounts.Reject("unknown_symbol", -1, $"{place}: a snapshot without a depth message before or behind it; name its symbol with 'symbol'. {Encoding.UTF8.GetString(json.AsSpan(0, Math.Min(json.Length, 80)))}");
        }
    }

    private void SendMessage(BinanceMessage message, int symbol, long receiveTime, Output<MarketEvent> output)
    {
        var events = _events.Of(message, symbol, receiveTime);
        if (symbol == 0)
        {
            Accounts.Drop("other_symbol", events.Length);
            return;
        }

        SendAll(output, events);
    }

    private string Describe(ReadOnlySpan<byte> line) => $"{Input.Place}: {Shown(line)}";
}
