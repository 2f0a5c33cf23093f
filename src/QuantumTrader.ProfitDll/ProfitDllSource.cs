using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Decoding;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll;

/// <summary>Which book the feed is asked for.</summary>
public enum BookFeed
{
    /// <summary>The book by price (4.0.0.31 and later).</summary>
    Depth,

    /// <summary>The book by order: some ten times as many callbacks.</summary>
    Offers,

    /// <summary>None.</summary>
    None,
}

/// <summary>Which form of the trade callbacks is used.</summary>
public enum TradeFeed
{
    /// <summary>The second, where the library has it.</summary>
    Auto,

    /// <summary>The first: for versions before 4.0.0.38 whose second one falls silent.</summary>
    V1,
}

/// <summary>Time of what comes without one: books, quotes, states.</summary>
public enum UndatedTime
{
    /// <summary>This machine's clock when it came.</summary>
    Receive,

    /// <summary>The newest time of a trade before it: for a simulator, whose clock is another one.</summary>
    Feed,
}

/// <summary>Options of <c>source.profitdll</c>.</summary>
public sealed record ProfitDllSourceOptions
{
    /// <summary>Which form of the trade callbacks is used.</summary>
    public TradeFeed Trades { get; init; } = TradeFeed.Auto;

    /// <summary>Which book the feed is asked for.</summary>
    public BookFeed Book { get; init; } = BookFeed.Depth;

    /// <summary>Days before this one whose trades are fetched first, one day at a time; live events wait until they are there. The server gives at most 30.</summary>
    [Range(0, 30)]
    public int HistoryDays { get; init; }

    /// <summary>Fetches the trades that were missed while the market data was down; live events wait until they are there.</summary>
    public bool FillGaps { get; init; } = true;

    /// <summary>How long a request for trades of the past may bring nothing before it is asked again, three times in all.</summary>
    [Range(0.1, 3600)]
    public double HistoryTimeoutSeconds { get; init; } = 60;

    /// <summary>Time of what comes without one.</summary>
    public UndatedTime Undated { get; init; } = UndatedTime.Receive;

    /// <summary>Callbacks that may wait for this block. Beyond it the oldest are lost when the edge's policy is <c>drop_oldest</c> or <c>conflate</c>, otherwise the new ones; counted as <c>ring_full</c>.</summary>
    [Range(1024, 16_777_216)]
    public int Ring { get; init; } = 262_144;

    /// <summary>After a tenth of a second without a callback, the next one wakes the block, which costs it a system call; before, and with false always, the block looks every millisecond.</summary>
    public bool Wake { get; init; } = true;

    /// <summary>Notes <c>feed_silent</c> when nothing came for so long while the market data was up; 0 never.</summary>
    [Range(0, 86_400)]
    public double SilenceSeconds { get; init; }

    /// <summary>Notes <c>clock_skew</c> when the server's clock and this machine's are further apart; 0 never.</summary>
    [Range(0, 86_400_000)]
    public double MaxClockSkewMs { get; init; } = 2000;

    /// <summary>Ends the source after so many events; 0 never.</summary>
    [Range(0, long.MaxValue)]
    public long Count { get; init; }

    /// <summary>Ends the source when nothing was received for so many milliseconds; 0 never.</summary>
    [Range(0, 86_400_000)]
    public int IdleEndMs { get; init; }
}

/// <summary>What <c>source.profitdll</c> leaves in the run's report.</summary>
/// <param name="Events">Events sent on.</param>
/// <param name="Received">Callbacks read, by kind; items of a book's page for themselves.</param>
/// <param name="Lost">Callbacks that the ring had no room for.</param>
/// <param name="Foreign">Callbacks of symbols that nobody asked for.</param>
/// <param name="Unreadable">Callbacks that could not be read.</param>
/// <param name="Subscriptions">Times that everything was subscribed to: once, and after each fall of the market data.</param>
/// <param name="HistoryRequests">Requests for trades of the past.</param>
/// <param name="SkewSeconds">Server's clock less this machine's, as last seen.</param>
/// <param name="States">Newest state of login, routing, market data, activation; -1 before the first.</param>
/// <param name="Days">The last daily figures of each symbol.</param>
public sealed record ProfitDllReport(
    long Events, IReadOnlyDictionary<string, long> Received, long Lost, long Foreign, long Unreadable, int Subscriptions, int HistoryRequests, double SkewSeconds,
    IReadOnlyList<int> States, IReadOnlyDictionary<string, DailyReport> Days);

/// <summary>
/// Brings in the market through Nelogica's ProfitDLL (Windows, 64 bit; elsewhere its simulator). A callback only copies what it was told
/// into a ring and returns: it waits for nothing, so the edge must name a policy that never blocks.
/// <para>Trades carry the exchange's time, an edit its mark, what was fetched from the past the mark historical. Best prices become quotes;
/// the book by price or by order becomes a full book and its changes, level by level. The settlement of the daily callback and the price
/// of an auction become mark prices (the latter with its quantity). States become events: 1000 times the kind of connection (0 login, 1
/// routing, 2 market data, 3 activation) plus the result, and 10000 plus the state of an asset. Other daily figures are in the report.</para>
/// <para>Dropped: <c>empty_trade</c> and <c>empty_quote</c> (zeros, as the first ones may be), <c>one_sided_quote</c> (the other side did not
/// come yet), <c>undated</c> (nothing gave a time yet), <c>book_not_loaded</c>, <c>book_fault</c>, <c>torn_page</c>, <c>ring_full</c>.</para>
/// </summary>
/// <example>
/// feed: { type: source.profitdll, edge: { capacity: 65536, when_full: drop_oldest } }
/// </example>
[Block("source.profitdll", "Brings in the Brazilian market through ProfitDLL, or through its simulator.", Callback = true)]
[RunEvent("QT2301", "feed_silent", "Nothing comes, although the market data is up.", "Check the subscriptions and the session hours.")]
public sealed class ProfitDllSource : Source<MarketEvent>
{
    private const int WaitMilliseconds = 50;

    private readonly ProfitDllSourceOptions _options;
    private readonly BlockContext _context;
    private readonly MarketContext _market;
    private readonly ProfitLogin _login;
    private readonly CallbackRing _ring;
    private readonly CallbackRecord[] _records = new CallbackRecord[256];
    private readonly FeedDecoder _decoder;
    private ProfitLibrary? _library;
    private CallbackTarget? _target;
    private Session? _session;
    private long _newsAt;
    private bool _isSilent;

    /// <summary>Loads nothing yet.</summary>
    public ProfitDllSource(ProfitDllSourceOptions options, BlockContext context, MarketContext market, ProfitLogin login)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(login);
        (_options, _context, _market, _login) = (options, context, market, login);
        _ring = new CallbackRing(context.IsForCheck ? 1 : options.Ring, context.WhenFull is WhenFull.DropOldest or WhenFull.Conflate, options.Wake);
        _decoder = new FeedDecoder(market, options, Accounts, Note) { BookLost = symbol => _session?.AskForBook(symbol) };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BlockGauge> Gauges =>
    [
        new("qt_profitdll_ring_waiting", "Callbacks that wait for the source.", _ring.Count),
        new("qt_profitdll_held", "Live events that wait for trades of the past.", _decoder.Held),
        new("qt_profitdll_market_state", "Newest state of the market data; 4 is connected.", _target?.StateOf(CallbackTarget.MarketData) ?? -1),
    ];

    /// <inheritdoc/>
    public override void Start()
    {
        var library = _library = _login.Load();
        if (_options.Book == BookFeed.Depth && !library.HasPriceDepth)
        {
            throw new ConfigurationException("book", "This ProfitDLL keeps no book by price (that came with 4.0.0.31). Write `book: offers`, or update it.");
        }

        var target = new CallbackTarget(library, _market.Symbols, _ring, _context.Clock, ownsBlocks: !_login.Options.Tap);
        _login.Open(library, target, _options.Trades == TradeFeed.Auto && library.HasTradesV2, _options.Book);
        _target = target;
        _newsAt = _context.Clock.GetTimestamp();
        if (_login.Options.Tap)
        {
            // Whoever has the session fetches what was missed, or nobody does.
            _decoder.Release(int.MaxValue);
            return;
        }

        _session = new Session(library, target, _decoder, _options, _login.Options, _market, _context.Clock, Note);
        _session.Start();
    }

    /// <inheritdoc/>
    public override bool Read(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var begin = _decoder.Sequence;
        while (_decoder.Sequence == begin && !HasAll)
        {
            if (_session?.Failure is { } failure)
            {
                throw new InvalidOperationException(failure.Message, failure);
            }

            var count = _ring.Take(_records.AsSpan(0, Math.Min(limit, _records.Length)), out var overwritten);
            if (count > 0)
            {
                _decoder.Decode(_records.AsSpan(0, count), overwritten, output);
                _newsAt = _context.Clock.GetTimestamp();
                _isSilent = false;
                continue;
            }

            _decoder.SendHeld(output);
            if (_decoder.Sequence > begin)
            {
                break;
            }

            if (stop.IsCancellationRequested || IsIdle())
            {
                return false;
            }

            using (Idle())
            {
                _ring.Sleep(_options.IdleEndMs > 0 ? Math.Min(WaitMilliseconds, _options.IdleEndMs) : WaitMilliseconds);
            }
        }

        return !HasAll;
    }

    /// <inheritdoc/>
    public override object? Report() => _target is null
        ? null
        : new ProfitDllReport(
            _decoder.Sequence, _decoder.Received, _decoder.Lost, _target.Foreign, _target.Unreadable, _session?.Subscriptions ?? 0, _session?.HistoryRequests ?? 0,
            _session?.Skew.TotalSeconds ?? 0, [.. Enumerable.Range(0, 4).Select(_target.StateOf)], _decoder.Days);

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_target is { IsEnding: false })
        {
            _session?.Dispose();
            _login.Close(_library!, _target);
        }

        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private bool HasAll => _options.Count > 0 && _decoder.Sequence >= _options.Count;

    private bool IsIdle()
    {
        var idle = _context.Clock.GetElapsedTime(_newsAt);
        if (_options.SilenceSeconds > 0 && !_isSilent && idle.TotalSeconds >= _options.SilenceSeconds && _target!.IsMarketUp)
        {
            _isSilent = true;
            Note("feed_silent", FormattableString.Invariant($"Nothing came for {_options.SilenceSeconds} s, although the market data is up."));
        }

        // What is held will go on when the session has its answer.
        return _options.IdleEndMs > 0 && _decoder.Held == 0 && idle.TotalMilliseconds >= _options.IdleEndMs;
    }
}
