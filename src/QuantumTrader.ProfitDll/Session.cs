using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Decoding;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll;

/// <summary>
/// Everything that asks something of the vendor: it may not be asked inside a callback, and an answer may take minutes, so this has a
/// thread of its own. It subscribes when the market data is up and again whenever it comes back, fetches trades of the past, asks for
/// books that were lost, and watches the clock.
/// </summary>
[RunEvent("QT2308", "history_refused", "The server refused trades of the past.", "Ask for a shorter time.")]
[RunEvent("QT2309", "history_missing", "Trades of the past were asked for and never came.", "Ask again later.")]
[RunEvent("QT2310", "clock_skew", "The server's clock and this machine's differ.", "Set this machine's clock.")]
internal sealed class Session : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ClockPeriod = TimeSpan.FromSeconds(10);

    // How long after 100 % nothing must come before an answer without a last packet counts as complete.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly ProfitLibrary _library;
    private readonly CallbackTarget _target;
    private readonly FeedDecoder _decoder;
    private readonly ProfitDllSourceOptions _options;
    private readonly ProfitLoginOptions _login;
    private readonly MarketContext _market;
    private readonly TimeProvider _clock;
    private readonly Action<string, string> _note;
    private readonly ManualResetEvent _stop = new(false);
    private readonly bool[] _lostBooks;
    private readonly Thread _thread;
    private long _retryAt;
    private TimeSpan _retryDelay = FirstRetry;
    private long _clockAt;
    private int _subscribedDowns = -1;
    private int _subscriptions;
    private long _skewTicks;
    private int _historyRequests;

    public Session(
        ProfitLibrary library, CallbackTarget target, FeedDecoder decoder, ProfitDllSourceOptions options, ProfitLoginOptions login, MarketContext market, TimeProvider clock,
        Action<string, string> note)
    {
        (_library, _target, _decoder, _options, _login, _market, _clock, _note) = (library, target, decoder, options, login, market, clock, note);
        _lostBooks = new bool[market.Symbols.Count + 1];
        _retryAt = _clockAt = clock.GetTimestamp();
        _thread = new Thread(Loop) { IsBackground = true, Name = "profitdll session" };
    }

    /// <summary>What ended the session; null while nothing did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Times that everything was subscribed to.</summary>
    public int Subscriptions => Volatile.Read(ref _subscriptions);

    /// <summary>Requests for trades of the past.</summary>
    public int HistoryRequests => Volatile.Read(ref _historyRequests);

    /// <summary>Server's clock less this machine's, as last seen.</summary>
    public TimeSpan Skew => new(Volatile.Read(ref _skewTicks));

    public void Start() => _thread.Start();

    /// <summary>Any thread: the book of a symbol must begin anew.</summary>
    public void AskForBook(int symbol) => Volatile.Write(ref _lostBooks[symbol], true);

    public void Dispose()
    {
        _stop.Set();
        // A call may hang in the vendor's code for minutes; the thread is left behind then.
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted) || _thread.Join(TimeSpan.FromSeconds(5)))
        {
            _stop.Dispose();
        }
    }

    private bool IsStopped => _stop.WaitOne(0);

    private void Loop()
    {
        try
        {
            while (!_stop.WaitOne(Glance))
            {
                Step();
            }
        }
        catch (Exception error)
        {
            Failure = error;
        }
    }

    private void Step()
    {
        if (_subscriptions == 0 && _target.StateOf(CallbackTarget.Login) is > 0 and var refused)
        {
            throw new InvalidOperationException($"The login was refused: {LoginResult(refused)}. Check {_login.UserFrom}, {_login.PasswordFrom} and {_login.KeyFrom}.");
        }

        if (_subscriptions == 0 && _target.StateOf(CallbackTarget.Activation) > 0)
        {
            throw new InvalidOperationException($"The activation key was refused. Check {_login.KeyFrom}.");
        }

        if (!_target.IsMarketUp)
        {
            return;
        }

        var downs = _target.Downs;
        if (_subscribedDowns != downs)
        {
            if (_clock.GetTimestamp() < _retryAt)
            {
                return;
            }

            if (!SubscribeAll())
            {
                _retryAt = _clock.GetTimestamp() + (long)(_retryDelay.TotalSeconds * _clock.TimestampFrequency);
                _retryDelay = TimeSpan.FromTicks(Math.Min(_retryDelay.Ticks * 2, LongestRetry.Ticks));
                return;
            }

            _retryDelay = FirstRetry;
            _subscribedDowns = downs;
            Array.Clear(_lostBooks);
            var isFirst = Interlocked.Increment(ref _subscriptions) == 1;
            if (isFirst ? FetchDays(downs) : !_options.FillGaps || FillGap(downs))
            {
                _decoder.Release(downs);
            }
        }

        AskForLostBooks();
        CheckClock();
    }

    private bool SubscribeAll()
    {
        foreach (var instrument in _market.Instruments)
        {
            var ticker = instrument.Symbol;
            if (!Succeeds(_library.SubscribeTicker(ticker, _login.Exchange), "subscribe_ticker", ticker)
                || !Succeeds(SubscribeBook(ticker), "subscribe_book", ticker)
                || !Succeeds(_library.RequestTickerInfo(ticker, _login.Exchange), "request_info", ticker))
            {
                return false;
            }
        }

        return true;
    }

    private int SubscribeBook(string ticker) => _options.Book switch
    {
        BookFeed.Depth => _library.SubscribePriceDepth(ticker, _login.Exchange),
        BookFeed.Offers => _library.SubscribeOfferBook(ticker, _login.Exchange),
        _ => 0,
    };

    private void AskForLostBooks()
    {
        for (var symbol = 1; symbol < _lostBooks.Length; symbol++)
        {
            if (!Volatile.Read(ref _lostBooks[symbol]))
            {
                continue;
            }

            Volatile.Write(ref _lostBooks[symbol], false);
            var ticker = _market.Symbols.Name(symbol);
            _ = _options.Book == BookFeed.Depth ? _library.UnsubscribePriceDepth(ticker, _login.Exchange) : _library.UnsubscribeOfferBook(ticker, _login.Exchange);
            Succeeds(SubscribeBook(ticker), "subscribe_book", ticker);
        }
    }

    /// <summary>The days before this one, and this one up to now. False when the market went down meanwhile.</summary>
    private bool FetchDays(int downs)
    {
        if (_options.HistoryDays == 0)
        {
            return true;
        }

        var today = ServerDate();
        for (var day = today.AddDays(-_options.HistoryDays); day <= today; day = day.AddDays(1))
        {
            foreach (var instrument in _market.Instruments)
            {
                if (IsTradingDay(day) && !Fetch(instrument.Symbol, day, day.AddDays(1), downs))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>What each symbol missed since its last trade, a day at a time. False when the market went down meanwhile.</summary>
    private bool FillGap(int downs)
    {
        var today = ServerDate();
        foreach (var instrument in _market.Instruments)
        {
            var last = Volatile.Read(ref _decoder.HistoryOf(_market.Symbols.Find(instrument.Symbol)).LastTime);
            if (last == 0)
            {
                continue;
            }

            // The whole second: what came before is seen as repeated by its number.
            var from = Local(last);
            from = from.AddTicks(-(from.Ticks % TimeSpan.TicksPerSecond));
            for (; from.Date <= today; from = from.Date.AddDays(1))
            {
                if (IsTradingDay(from.Date) && !Fetch(instrument.Symbol, from, from.Date.AddDays(1), downs))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>One request, again when it is not answered. False when the market went down or the session ends.</summary>
    private bool Fetch(string ticker, DateTime from, DateTime to, int downs)
    {
        const int attempts = 3;
        var history = _decoder.HistoryOf(_market.Symbols.Find(ticker));
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var packets = Volatile.Read(ref history.LastPackets);
            Volatile.Write(ref history.Progress, 0);
            Interlocked.Increment(ref _historyRequests);
            var code = _library.RequestHistory(ticker, _login.Exchange, from, to);
            if (code < 0 && code != ReturnCodes.WaitingServer)
            {
                _note("history_refused", $"{ticker} from {from:yyyy-MM-dd HH:mm:ss}: {ReturnCodes.Name(code)}.");
                return true;
            }

            switch (AwaitHistory(history, packets, downs))
            {
                case null:
                    return false;
                case true:
                    return true;
            }
        }

        _note("history_missing", $"{ticker} from {from:yyyy-MM-dd HH:mm:ss} was asked for {attempts} times and never answered.");
        return true;
    }

    /// <summary>True when the answer is complete, false when it does not come, null when waiting makes no sense any more.</summary>
    private bool? AwaitHistory(FeedDecoder.History history, long packets, int downs)
    {
        var (since, trades) = (_clock.GetTimestamp(), Volatile.Read(ref history.Trades));
        while (!_stop.WaitOne(Glance))
        {
            if (_target.Downs != downs)
            {
                return null;
            }

            if (Volatile.Read(ref history.LastPackets) > packets)
            {
                return true;
            }

            var now = Volatile.Read(ref history.Trades);
            if (now != trades)
            {
                (since, trades) = (_clock.GetTimestamp(), now);
            }

            // Every trade that comes extends the patience: a busy day takes minutes.
            var waited = _clock.GetElapsedTime(since);
            if (Volatile.Read(ref history.Progress) >= 100 && waited >= Quiet)
            {
                return true;
            }

            if (waited.TotalSeconds >= _options.HistoryTimeoutSeconds)
            {
                return false;
            }
        }

        return null;
    }

    private void CheckClock()
    {
        if (_clock.GetElapsedTime(_clockAt) < ClockPeriod)
        {
            return;
        }

        _clockAt = _clock.GetTimestamp();
        if (_library.IsFrozen())
        {
            _note("feed_frozen", "ProfitDLL says that its own thread is frozen.");
        }

        if (!_library.TryGetServerClock(out var server))
        {
            return;
        }

        var skew = server - Local((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
        Volatile.Write(ref _skewTicks, skew.Ticks);
        if (_options.MaxClockSkewMs > 0 && Math.Abs(skew.TotalMilliseconds) > _options.MaxClockSkewMs)
        {
            _note("clock_skew", FormattableString.Invariant($"The server's clock is {skew.TotalSeconds:0.000} s ahead of this machine's. Books are dated by the latter: set it right."));
        }
    }

    private DateTime ServerDate() => (_library.TryGetServerClock(out var server) ? server : Local((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100)).Date;

    private DateTime Local(long time) => DateTime.UnixEpoch.AddTicks(_market.Calendar.ToLocal(time) / 100);

    private bool IsTradingDay(DateTime day) => _market.Calendar.TryGetSession((int)(day - DateTime.UnixEpoch).TotalDays, out _);

    private bool Succeeds(int code, string call, string ticker)
    {
        if (code < 0)
        {
            _note(call + "_refused", $"{ticker}: {ReturnCodes.Name(code)}; tried again later.");
        }

        return code >= 0;
    }

    private static string LoginResult(int result) => result switch
    {
        1 => "invalid (1)",
        2 => "wrong password (2)",
        3 => "blocked (3)",
        4 => "expired (4)",
        _ => $"unknown reason ({result})",
    };
}
