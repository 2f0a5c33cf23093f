using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>Options of <c>source.websocket</c>.</summary>
public sealed record WebSocketOptions
{
    /// <summary>Where the exchange offers combined streams. The default is Binance's spot market, open to everyone; others: docs/websocket.md.</summary>
    public string Url { get; init; } = "wss://data-stream.binance.vision/stream";

    /// <summary>Where it answers requests for a full book.</summary>
    public string DepthUrl { get; init; } = "https://data-api.binance.vision/api/v3/depth";

    /// <summary>Symbols to subscribe to; without it, those of the section <c>market</c>.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    /// <summary>
    /// The exchange's names for symbols that the pipeline calls otherwise. The names on the left are the exchange's, in upper case.
    /// Example: <c>symbol_map: { BTCUSDT: BTCUSDT_PERP }</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> SymbolMap { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Streams of each symbol, as the exchange names them: <c>trade</c>, <c>bookTicker</c>, <c>depth</c> and <c>markPrice</c>, the last two
    /// with their speed. Default: <c>[trade, bookTicker, depth@100ms]</c>.
    /// </summary>
    public IReadOnlyList<string> Streams { get; init; } = ["trade", "bookTicker", "depth@100ms"];

    /// <summary>Levels a side of a full book that is asked for.</summary>
    [Range(5, 5000)]
    public int DepthLevels { get; init; } = 1000;

    /// <summary>A full book is asked for this often even when nothing is missing, so that a book that was lost further on is whole again; 0 never.</summary>
    [Range(0, 1440)]
    public double RefreshMinutes { get; init; } = 30;

    /// <summary>How long a connection is used. Behind it another one takes over before it is closed; the exchange cuts it off after 24.</summary>
    [Range(0.00001, 24)]
    public double RenewHours { get; init; } = 23;

    /// <summary>A connection on which nothing comes for so long is made again.</summary>
    [Range(10, 3_600_000)]
    public int SilenceMs { get; init; } = 60_000;

    /// <summary>How often the exchange is asked for a sign of life (ping).</summary>
    [Range(10, 600_000)]
    public int PingMs { get; init; } = 20_000;

    /// <summary>How long it may take to answer that; then the connection is made again.</summary>
    [Range(10, 600_000)]
    public int PongMs { get; init; } = 10_000;

    /// <summary>How long connecting, a subscription and a request for a full book may take each.</summary>
    [Range(10, 600_000)]
    public int TimeoutMs { get; init; } = 10_000;

    /// <summary>Pause behind a first failure; each further one doubles it.</summary>
    [Range(1, 600_000)]
    public int BackoffMs { get; init; } = 250;

    /// <summary>Longest such pause.</summary>
    [Range(1, 3_600_000)]
    public int MaxBackoffMs { get; init; } = 30_000;

    /// <summary>Start of the random part of these pauses; processes that share an address each get their own.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Failures in a row, of connecting or of asking for one full book, behind which the run fails.</summary>
    [Range(1, 1_000_000)]
    public int MaxFailures { get; init; } = 100;

    /// <summary>Bytes of the longest message that is read; longer ones are refused.</summary>
    [Range(1024, 134_217_728)]
    public int MaxMessageBytes { get; init; } = 4_194_304;

    /// <summary>Bytes of messages that may wait in this process. What comes when they are taken is lost, counted as <c>queue_full</c>.</summary>
    [Range(65_536, 1_073_741_824)]
    public int MaxWaitingBytes { get; init; } = 67_108_864;

    /// <summary>Ends the source after so many events, at the end of a message; 0 never.</summary>
    [Range(0, 1e15)]
    public long Count { get; init; }
}

/// <summary>What <c>source.websocket</c> leaves in the run's report.</summary>
/// <param name="Source">What was sent.</param>
/// <param name="Messages">Messages read, bad ones included.</param>
/// <param name="Waiting">Messages not yet read.</param>
/// <param name="Connections">Connections that were subscribed.</param>
/// <param name="Disconnections">Connections that ended by themselves.</param>
/// <param name="FailedConnections">Attempts that did not lead to a subscribed connection.</param>
/// <param name="Symbols">What was met, by symbol.</param>
public sealed record WebSocketReport(
    SourceReport Source, long Messages, int Waiting, long Connections, long Disconnections, long FailedConnections, IReadOnlyDictionary<string, LiveSymbolReport> Symbols);

/// <summary>What was met on the streams of one symbol.</summary>
/// <param name="MissingTrades">Trades that did not come, by their numbers.</param>
/// <param name="DepthGaps">Times that updates of the book were missing.</param>
/// <param name="Snapshots">Full books that were sent.</param>
/// <param name="FailedSnapshots">Requests for a full book that brought none, a broken one, or one too old.</param>
/// <param name="HasBook">True when the updates since the last gap have their full book.</param>
public sealed record LiveSymbolReport(long MissingTrades, long DepthGaps, long Snapshots, long FailedSnapshots, bool HasBook);

/// <summary>
/// Sends what Binance streams, live, as <c>source.capture</c> sends what was recorded of it: the same events with the same event times,
/// and this machine's receive times. Updates of the book go on as they come; the full book that they need is asked for at the start,
/// whenever update ids are missing, and now and then, and goes on when it comes: the block <c>book</c> joins them.
/// <para>It connects again by itself. What was missed meanwhile is not made up for: missing trades are counted by their numbers (note
/// <c>trade_gap</c>), missing updates lead to a full book (note <c>depth_gap</c>), and what comes twice is dropped (<c>repeat</c>).</para>
/// <para>Refused, without losing what follows: <c>broken_message</c>, <c>unknown_stream</c>, <c>message_too_long</c>, <c>message_cut</c>
/// (the connection ended inside it), <c>broken_snapshot</c>. Dropped: <c>queue_full</c>, <c>other_symbol</c>, <c>no_time</c> (spot quotes
/// before the first message that has a time).</para>
/// </summary>
/// <example>
/// feed: { type: source.websocket, streams: [trade, depth@100ms] }
/// </example>
[Block("source.websocket", "Live market data of Binance, open to everyone: trades, quotes, books, mark prices.")]
[RunEvent("QT2022", "queue_full", "Messages were lost, because they came faster than they were read.", "Raise `max_waiting_bytes`, or make what follows the source faster: see `qt top`.", Level = RunEventLevel.Error)]
[RunEvent("QT2023", "snapshot_failed", "A full book that was asked for did not come.", "Nothing: it is asked for again. Often: check `depth_url`.")]
public sealed class WebSocketSource : MarketSource
{
    // The exchange's limit for a connection.
    private const int MostStreams = 1024;
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly WebSocketOptions _options;
    private readonly TimeProvider _clock;
    private readonly SymbolFilter _filter;
    private readonly LiveSymbol?[] _symbols;
    private readonly bool _hasTimes;
    private readonly BinanceMessage _message = new();
    private readonly BinanceEvents _events = new();
    private readonly Arrivals _arrivals;
    private readonly BinanceStreams _streams;
    private readonly DepthRequests _requests;
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;
    private long _messages;

    /// <summary>Checks options; connects to nothing.</summary>
    /// <exception cref="ConfigurationException">An address is none, a stream is not known, or a symbol is not in the section <c>market</c>.</exception>
    public WebSocketSource(WebSocketOptions options, MarketContext market, BlockContext context)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(context);
        RequireAddress("url", options.Url, Uri.UriSchemeWs, Uri.UriSchemeWss);
        RequireAddress("depth_url", options.DepthUrl, Uri.UriSchemeHttp, Uri.UriSchemeHttps);
        (_options, _clock) = (options, context.Clock);
        _filter = new SymbolFilter(market.Symbols, options.SymbolMap);
        _symbols = new LiveSymbol?[market.Symbols.Count + 1];
        var random = new StableRandom((ulong)options.Seed + 1);
        foreach (var name in options.Symbols.Count > 0 ? options.Symbols : [.. market.Instruments.Select(i => i.Symbol)])
        {
            var theirs = options.SymbolMap.FirstOrDefault(pair => pair.Value == name).Key ?? name;
            _symbols[SymbolFilter.Require("symbols", name, market.Symbols)] = new LiveSymbol(name, theirs, new Backoff(options.BackoffMs, options.MaxBackoffMs, random));
        }

        var kinds = options.Streams.Select(StreamOf).ToArray();
        _hasTimes = kinds.Any(kind => kind != BinanceStream.BookTicker);
        string[] streams = [.. _symbols.OfType<LiveSymbol>().SelectMany(s => options.Streams, (s, stream) => $"{s.ExchangeName.ToLowerInvariant()}@{stream}")];
        if (streams.Length is 0 or > MostStreams)
        {
            throw new ConfigurationException("streams", $"{streams.Length} streams (symbols times streams) were asked for; legal are 1 to {MostStreams} on one connection. Split the symbols among several sources.");
        }

        _arrivals = new Arrivals(options.MaxWaitingBytes, _clock);
        _streams = new BinanceStreams(options, streams, _arrivals, _clock, Note);
        _requests = new DepthRequests(options, _symbols.Length, _arrivals, _clock, _end.Token);
    }

    /// <inheritdoc/>
    public override void Start() => _running = Task.Run(() => _streams.RunAsync(_end.Token));

    /// <inheritdoc/>
    protected override bool ReadMessages(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var before = Sequence;
        // What is refused counts too: a flood of it must not keep the thread from seeing that it shall stop.
        for (var taken = 0; taken < limit && Sequence - before < limit && !HasAll; taken++)
        {
            if (!_arrivals.TryTake(out var arrival))
            {
                if (taken > 0)
                {
                    break;
                }

                using (Idle())
                {
                    if (!_arrivals.Wait(stop))
                    {
                        _end.Cancel();
                        return false;
                    }
                }

                continue;
            }

            Take(in arrival, output);
            _arrivals.Return(in arrival);
        }

        if (_arrivals.TakeOverflowed() is > 0 and var lost)
        {
            Accounts.Drop("queue_full", lost);
            Note("queue_full", $"{lost} messages were lost, because more than max_waiting_bytes waited: what reads them is too slow.");
        }

        return Sequence > before || !HasAll;
    }

    /// <inheritdoc/>
    public override object Report() => new WebSocketReport(
        (SourceReport)base.Report(), Volatile.Read(ref _messages), _arrivals.Waiting, _streams.Connected, _streams.Disconnected, _streams.Failed,
        _symbols.OfType<LiveSymbol>().ToDictionary(s => s.Name, s => s.Report(), StringComparer.Ordinal));

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_source_connected", "1 while the source is connected.", _streams.IsConnected ? 1 : 0),
        new("qt_source_waiting_bytes", "Bytes of messages that wait to be read.", _arrivals.WaitingBytes),
    ];

    /// <inheritdoc/>
    public override void Dispose()
    {
        _end.Cancel();
        Task.WhenAll(_running, _requests.Idle).Wait(LongestEnd);
        _requests.Dispose();
        _end.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private bool HasAll => _options.Count > 0 && Sequence >= _options.Count;

    private void Take(in Arrival arrival, Output<MarketEvent> output)
    {
        switch (arrival.Kind)
        {
            case ArrivalKind.Message:
                _messages++;
                TakeMessage(in arrival, output);
                break;
            case ArrivalKind.TooLong:
                _messages++;
                Accounts.Reject("message_too_long", -1, Shown(in arrival));
                break;
            case ArrivalKind.Cut:
                _messages++;
                Accounts.Reject("message_cut", -1, Shown(in arrival));
                break;
            case ArrivalKind.Snapshot:
                TakeSnapshot(in arrival, output);
                break;
            default:
                AskAgain(arrival.Symbol, Shown(in arrival));
                break;
        }
    }

    private void TakeMessage(in Arrival arrival, Output<MarketEvent> output)
    {
        if (!BinanceDecoder.TryDecode(arrival.Bytes, _message))
        {
            Accounts.Reject("broken_message", -1, Shown(in arrival));
            return;
        }

        // A full book is taken only as the answer to a request: on a stream nobody would know whose it is.
        if (_message.Stream is BinanceStream.Unknown or BinanceStream.Snapshot)
        {
            Accounts.Reject("unknown_stream", -1, Shown(in arrival));
            return;
        }

        var id = _filter.Find(_message.Symbol);
        var events = _events.Of(_message, id, arrival.ReceiveTime);
        if (_symbols[id] is not { } symbol)
        {
            Accounts.Drop("other_symbol", events.Length);
        }
        else if (_hasTimes && !_events.HasExchangeTime)
        {
            // This machine's clock may be ahead of the exchange's, and would make all that follows late.
            Accounts.Drop("no_time", events.Length);
        }
        else if (symbol.IsRepeat(_message, Note))
        {
            Accounts.Drop("repeat", events.Length);
        }
        else
        {
            SendAll(output, events);
            if (_message.Stream == BinanceStream.Depth)
            {
                symbol.BookTime = events[0].EventTime;
                AskIfDue(id, symbol);
            }
        }
    }

    private void TakeSnapshot(in Arrival arrival, Output<MarketEvent> output)
    {
        var symbol = _symbols[arrival.Symbol]!;
        if (!BinanceDecoder.TryDecode(arrival.Bytes, _message) || _message.Stream != BinanceStream.Snapshot)
        {
            Accounts.Reject("broken_snapshot", -1, Shown(in arrival));
            AskAgain(arrival.Symbol, "the answer is no book");
            return;
        }

        if (!symbol.Chain.TryJoin(_message[BinanceField.LastUpdateId]))
        {
            AskAgain(arrival.Symbol, $"the book is of update {_message[BinanceField.LastUpdateId]}, which is before the first one that came");
            return;
        }

        var events = _events.Of(_message, arrival.Symbol, arrival.ReceiveTime);
        foreach (ref var e in events)
        {
            // It stands for all up to its id wherever it comes, but a normalizer would drop it as late if it had the time of its making.
            e.EventTime = Math.Max(e.EventTime, symbol.BookTime);
        }

        SendAll(output, events);
        symbol.Joined(_clock.GetTimestamp());
    }

    private void AskIfDue(int id, LiveSymbol symbol)
    {
        if (!symbol.IsAsking && (symbol.Chain.NeedsSnapshot || IsRefreshDue(symbol)))
        {
            symbol.IsAsking = true;
            _requests.Ask(id, symbol.ExchangeName, TimeSpan.Zero);
        }
    }

    private bool IsRefreshDue(LiveSymbol symbol) => _options.RefreshMinutes > 0 && _clock.GetElapsedTime(symbol.JoinedStamp).TotalMinutes >= _options.RefreshMinutes;

    private void AskAgain(int id, string why)
    {
        var symbol = _symbols[id]!;
        symbol.FailedSnapshots++;
        Note("snapshot_failed", $"{symbol.Name}: no full book from {_options.DepthUrl}: {why}; it is asked for again.");
        var pause = symbol.Backoff.Next();
        if (symbol.Backoff.Failures >= _options.MaxFailures)
        {
            throw new IOException($"{symbol.Name}: no full book from {_options.DepthUrl} after {symbol.Backoff.Failures} requests in a row (max_failures): {why}. Check depth_url and the symbol, or leave 'depth' out of 'streams'.");
        }

        _requests.Ask(id, symbol.ExchangeName, pause);
    }

    private static string Shown(in Arrival arrival) => Encoding.UTF8.GetString(arrival.Bytes[..Math.Min(arrival.Length, LineSource.ShownOfLine)]);

    private static BinanceStream StreamOf(string stream) => BinanceFields.StreamOf(Encoding.UTF8.GetBytes("@" + stream), out _) is not BinanceStream.Unknown and var kind
        ? kind
        : throw new ConfigurationException("streams", $"'{stream}' is not a stream that can be read. Legal are trade, bookTicker, depth, markPrice, the last two also with a speed, such as depth@100ms.");

    private static void RequireAddress(string option, string address, string plain, string secure)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != plain && uri.Scheme != secure))
        {
            throw new ConfigurationException(option, $"'{address}' is not an address of this kind. Write one that begins with {secure}:// or {plain}://.");
        }
    }
}
