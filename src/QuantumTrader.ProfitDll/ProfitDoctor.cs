using System.Diagnostics;
using System.Globalization;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;

namespace QuantumTrader.ProfitDll;

/// <summary>One thing that this binding assumes of ProfitDLL.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="AsAssumed">True when it is so; null when nothing was seen of it.</param>
/// <param name="Found">What was found.</param>
/// <param name="Assumed">What the binding counts on.</param>
public sealed record Examination(string Name, bool? AsAssumed, string Found, string Assumed);

/// <summary>
/// Logs in to a ProfitDLL, watches it for a while, and says what is not as this binding assumes. It sends no order. A process can log in
/// once only, so it ends the session and nothing else can begin one.
/// </summary>
public sealed class ProfitDoctor
{
    private const int SecondsPerHour = 3600;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);
    private static readonly Version Oldest = new(4, 0, 0, 20);

    private readonly ProfitLogin _login;
    private readonly MarketContext _market;
    private readonly TimeProvider _clock;
    private readonly List<Examination> _found = [];
    private readonly List<(long Type, int Result)> _states = [];
    private readonly Dictionary<RecordKind, (long Count, long Odd, string FirstOdd)> _seen = [];
    private readonly CallbackRing _ring = new(1 << 16, dropsOldest: false, wakes: false);
    private readonly CallbackRecord[] _records = new CallbackRecord[256];

    private ProfitDoctor(ProfitLogin login, MarketContext market, TimeProvider clock) => (_login, _market, _clock) = (login, market, clock);

    /// <summary>Everything that was looked at.</summary>
    /// <exception cref="ConfigurationException">The library is missing, or a secret is not set.</exception>
    public static IReadOnlyList<Examination> Examine(ProfitLogin login, MarketContext market, TimeSpan watch, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(login);
        ArgumentNullException.ThrowIfNull(market);
        ArgumentNullException.ThrowIfNull(clock);
        var doctor = new ProfitDoctor(login, market, clock);
        doctor.Examine(watch);
        return doctor._found;
    }

    private void Examine(TimeSpan watch)
    {
        var library = _login.Load();
        Add("process", Environment.Is64BitProcess, $"{(Environment.Is64BitProcess ? 64 : 32)} bit", "64 bit, as the library");
        var version = FileVersionInfo.GetVersionInfo(library.Path).FileVersion;
        Add("version", Version.TryParse(version, out var v) ? v >= Oldest : library.IsSimulator ? true : null, library.IsSimulator ? "the simulator" : version ?? "none in the file", $"{Oldest} or later");
        var target = new CallbackTarget(library, _market.Symbols, _ring, _clock);
        _login.Orders = _login.Options.Routing ? new OrderTarget() : null;
        _login.Open(library, target, library.HasTradesV2, library.HasPriceDepth ? BookFeed.Depth : BookFeed.Offers);
        try
        {
            Watch(watch, () => target.IsMarketUp && (!_login.Options.Routing || target.IsRoutingUp));
            Functions(library);
            States();
            Clock(library);
            foreach (var instrument in _market.Instruments)
            {
                Subscribe(library, instrument.Symbol);
            }

            Refusals(library);
            var since = _clock.GetTimestamp();
            Watch(watch, () => _clock.GetElapsedTime(since) >= watch);
            History(library);
            Callbacks(target);
            Orders();
        }
        finally
        {
            _login.Close(library, target);
        }
    }

    private void Functions(ProfitLibrary library)
    {
        foreach (var (name, exists) in library.Exports)
        {
            Add($"function {name}", exists, exists ? "exported" : "missing", "exported");
        }

        foreach (var name in new[] { "SetNewTradeCallback", "SetProgressCallback", "GetDLLVersion" })
        {
            var exists = library.Find(name) != 0;
            Add($"function {name}", !exists, exists ? "exported" : "not exported", "not exported");
        }
    }

    private void States()
    {
        var text = string.Join(" ", _states.Select(s => FormattableString.Invariant($"{s.Type}/{s.Result}")));
        State("login", CallbackTarget.Login, 0);
        State("market data", CallbackTarget.MarketData, CallbackTarget.MarketConnected);
        State("activation", CallbackTarget.Activation, 0);
        if (_login.Options.Routing)
        {
            State("routing", CallbackTarget.Routing, CallbackTarget.BrokerConnected);
        }

        Add(
            "states", _states.TrueForAll(s => IsKnown(s.Type, s.Result)), text.Length > 0 ? text : "none",
            "login 0/0-4, routing 1/0-5, market data 2/0-6, activation 3/0");

        void State(string name, int type, int wanted)
        {
            var results = _states.Where(s => s.Type == type).Select(s => s.Result).ToList();
            Add($"state of {name}", results.Count == 0 ? false : results.Contains(wanted), results.Count == 0 ? "never told" : string.Join(" ", results), wanted.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static bool IsKnown(long type, int result) => type switch
    {
        CallbackTarget.Login => result is (>= 0 and <= 4) or 200,
        CallbackTarget.Routing => result is >= 0 and <= 5,
        CallbackTarget.MarketData => result is >= 0 and <= 6,
        CallbackTarget.Activation => true,
        _ => false,
    };

    private void Clock(ProfitLibrary library)
    {
        if (!library.TryGetServerClock(out var server))
        {
            Add("server's clock", false, "not told", "a date and time of the exchange's zone");
            return;
        }

        var local = DateTime.UnixEpoch.AddTicks(_market.Calendar.ToLocal((_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100) / 100);
        var skew = (server - local).TotalSeconds;
        Add(
            "server's clock", library.IsSimulator || Math.Abs(skew) < SecondsPerHour, FormattableString.Invariant($"{server:yyyy-MM-dd HH:mm:ss}, {skew:0.0} s ahead of this machine's"),
            "the exchange's zone: less than an hour apart");
    }

    private void Subscribe(ProfitLibrary library, string ticker)
    {
        var exchange = _login.Options.Exchange;
        Code($"subscribe to {ticker}", library.SubscribeTicker(ticker, exchange), 0);
        Code($"subscribe to the book of {ticker}", library.HasPriceDepth ? library.SubscribePriceDepth(ticker, exchange) : library.SubscribeOfferBook(ticker, exchange), 0);
        Code($"ask for what {ticker} is", library.RequestTickerInfo(ticker, exchange), 0);
    }

    // What is wrong must be refused as the vendor writes, or other errors would be read wrongly too.
    private void Refusals(ProfitLibrary library) =>
        Code("refusal of an unknown exchange", library.SubscribeTicker(_market.Instruments[0].Symbol, "BMF"), ReturnCodes.ExchangeUnknown, ReturnCodes.InvalidArgs);

    private void History(ProfitLibrary library)
    {
        var now = library.TryGetServerClock(out var server) ? server : DateTime.UnixEpoch;
        Code("ask for today's trades", library.RequestHistory(_market.Instruments[0].Symbol, _login.Options.Exchange, now.Date, now.Date.AddDays(1)), 0, ReturnCodes.WaitingServer);
        var since = _clock.GetTimestamp();
        Watch(TimeSpan.FromSeconds(10), () => _clock.GetElapsedTime(since).TotalSeconds >= 1 && _seen.ContainsKey(RecordKind.Progress));
    }

    private void Callbacks(CallbackTarget target)
    {
        foreach (var kind in new[]
        {
            RecordKind.Trade, RecordKind.OldTrade, RecordKind.Daily, RecordKind.TinyBook, RecordKind.Depth, RecordKind.DepthPage, RecordKind.AssetInfo, RecordKind.Progress, RecordKind.AssetState, RecordKind.Theoretical,
        })
        {
            var (count, odd, first) = _seen.GetValueOrDefault(kind);
            Add(
                $"callback {SnakeCase(kind)}", count == 0 ? null : odd == 0, count == 0 ? "never came" : odd == 0 ? $"{count} sound" : $"{odd} of {count} odd; the first: {first}",
                "its figures make sense, as they would not if its arguments were others");
        }

        Add("unreadable callbacks", target.Unreadable == 0, target.Unreadable.ToString(CultureInfo.InvariantCulture), "0");
        Add("callbacks for other tickers", target.Foreign == 0, target.Foreign.ToString(CultureInfo.InvariantCulture), "0");
    }

    private void Orders()
    {
        if (_login.Connection?.Orders is not { } functions)
        {
            Add("accounts", null, "not asked: the login is for the market only", "at least one");
            return;
        }

        var accounts = functions.Accounts();
        Add("accounts", accounts.Count > 0, string.Join(", ", accounts), "at least one");
        foreach (var account in accounts)
        {
            Add($"details of {account}", functions.Details(account) is not null, functions.Details(account)?.ToString() ?? "none", "broker and owner");
            Code($"orders of {account}", functions.HasOrders(account, _clock.GetUtcNow().Date), 0, ReturnCodes.WaitingServer);
            var ticker = _market.Instruments[0].Symbol;
            var code = functions.TryGetPosition(account, ticker, _login.Options.Exchange, out var position);
            Add($"position of {account} in {ticker}", code >= 0, code >= 0 ? position.ToString() : ReturnCodes.Name(code), "NL_OK or NL_NO_POSITION");
        }
    }

    private void Watch(TimeSpan longest, Func<bool> isEnough)
    {
        var since = _clock.GetTimestamp();
        while (true)
        {
            // Asked before the ring is read, so that what made it enough is read too.
            var isOver = isEnough() || _clock.GetElapsedTime(since) >= longest;
            int count;
            while ((count = _ring.Take(_records, out _)) > 0)
            {
                foreach (ref readonly var r in _records.AsSpan(0, count))
                {
                    Look(in r);
                }
            }

            if (isOver)
            {
                return;
            }

            _ring.Sleep((int)Glance.TotalMilliseconds);
        }
    }

    private void Look(in CallbackRecord r)
    {
        if (r.Kind == RecordKind.State)
        {
            _states.Add((r.Number, r.Position));
            return;
        }

        var (count, odd, first) = _seen.GetValueOrDefault(r.Kind);
        var what = Oddity(in r);
        _seen[r.Kind] = (count + 1, odd + (what is null ? 0 : 1), first is { Length: > 0 } ? first : what ?? "");
    }

    private string? Oddity(in CallbackRecord r)
    {
        var instrument = r.Symbol > 0 ? _market.Instrument(r.Symbol) : null;
        return r.Kind switch
        {
            // The first ones may be all zero.
            RecordKind.Trade or RecordKind.OldTrade when r.Price == 0 && r.Quantity == 0 => null,
            RecordKind.Trade or RecordKind.OldTrade => Odd(IsOnGrid(r.Price) && r.Quantity is > 0 and < 1_000_000_000 && r.Number > 0 && r.LocalTime > 0 && r.Action <= 35, "number, price, quantity, type", r.Number, r.Price, r.Quantity, r.Action),
            RecordKind.Daily => Odd(r.Third <= r.Price && r.Price <= r.Second && r.Third <= r.Fourth && r.Fourth <= r.Second && r.Third > 0, "open, high, low, close", r.Price, r.Second, r.Third, r.Fourth),
            RecordKind.TinyBook => Odd(r.Side <= 1 && (r.Price == 0 || IsOnGrid(r.Price)) && r.Quantity >= 0, "side, price, quantity", r.Side, r.Price, r.Quantity),
            RecordKind.Depth => Odd(r.Action <= 8 && r.Side is 0 or 1 or 254 or 255 && r.Position >= 0 && r.Position < 100_000, "action, side, position", r.Action, r.Side, r.Position),
            RecordKind.AssetInfo => Odd(r.Price == (double)instrument!.Tick && r.Second == (double)instrument.Multiplier, "tick, multiplier", r.Price, r.Second),
            RecordKind.Progress => Odd(r.Position is >= 0 and <= 100, "percent", r.Position),
            RecordKind.Theoretical => Odd(r.Price >= 0 && r.Quantity >= 0, "price, quantity", r.Price, r.Quantity),
            _ => null,
        };

        bool IsOnGrid(double price) => price > 0 && Math.Abs(Math.IEEERemainder(price, (double)instrument!.Tick)) < 1e-6;

        static string? Odd(bool isSound, string names, params double[] values) =>
            isSound ? null : $"{names} were {string.Join(", ", values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}";
    }

    private void Code(string name, int code, params int[] wanted) =>
        Add(name, code >= 0 ? wanted.Contains(0) : wanted.Contains(code), ReturnCodes.Name(code), string.Join(" or ", wanted.Select(w => ReturnCodes.Name(w))));

    private void Add(string name, bool? isAsAssumed, string found, string assumed) => _found.Add(new Examination(name, isAsAssumed, found, assumed));

    private static string SnakeCase(RecordKind kind) => Pipelines.SnakeCase.From(kind.ToString());
}
