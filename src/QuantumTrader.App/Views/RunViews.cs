using QuantumTrader.App.Hosting;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;

namespace QuantumTrader.App.Views;

/// <summary>
/// What the pages show, kept up to date by one thread from taps on the running blocks. They are on as long as the host listens, so that a
/// page that is opened late knows the last five minutes too. A run never waits for them: what they cannot take in time goes unseen, is
/// counted, and the page says so.
/// </summary>
internal sealed class RunViews : IDisposable
{
    /// <summary>Between two looks at what the blocks have sent.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _thread;
    private readonly MarketView? _markets;
    private readonly ModelView? _models;
    private readonly TradingView? _trading;
    private long _looks;

    private RunViews(LiveRun run)
    {
        Market = run.Factory.Section<MarketContext>();
        if (Market is not null)
        {
            _markets = new MarketView(run, Market);
            _models = new ModelView(run, Market);
            _trading = new TradingView(run, Market, _markets);
        }

        _thread = new Thread(Pump) { IsBackground = true, Name = "qt/views" };
    }

    /// <summary>The symbols; null in a pipeline without a market.</summary>
    public MarketContext? Market { get; }

    /// <summary>Looks so far: between two of them no page changes.</summary>
    public long Looks => Volatile.Read(ref _looks);

    /// <summary>Begins to watch a run.</summary>
    public static RunViews Begin(LiveRun run)
    {
        var views = new RunViews(run);
        views._thread.Start();
        return views;
    }

    /// <summary>The market page of a symbol; null when there is none.</summary>
    public MarketDocument? ReadMarket(string symbol)
    {
        lock (_gate)
        {
            return Market is { } market && market.Symbols.Find(symbol) is > 0 and var id ? _markets!.Read(id) : null;
        }
    }

    /// <summary>The model page.</summary>
    public object ReadModel()
    {
        lock (_gate)
        {
            return _models is { IsThere: true } ? _models.Read() : new EmptyDocument("no_model");
        }
    }

    /// <summary>The trading page.</summary>
    public object ReadTrading()
    {
        lock (_gate)
        {
            return _trading is { IsThere: true } ? _trading.Read() : new EmptyDocument("no_orders");
        }
    }

    /// <summary>Takes in what has come, now; true when the run is too fast for a page.</summary>
    internal bool Update()
    {
        lock (_gate)
        {
            _looks++;
            return _markets is not null && (_markets.Pump() | _models!.Pump() | _trading!.Pump());
        }
    }

    public void Dispose()
    {
        _end.Set();
        _thread.Join();
        _trading?.Dispose();
        _models?.Dispose();
        _markets?.Dispose();
        _end.Dispose();
    }

    private void Pump()
    {
        ThreadRanks.Lower(ThreadRank.Behind);
        // Of a run that is faster than a page can take, more looks would show no more than another sample, at the run's expense.
        for (var pause = ShortestPause; !_end.Wait(pause);)
        {
            var longer = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            pause = Update() ? longer : ShortestPause;
        }
    }
}
