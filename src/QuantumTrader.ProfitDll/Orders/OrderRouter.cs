using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.ProfitDll.Callbacks;
using QuantumTrader.ProfitDll.Native;
using QuantumTrader.Trading;

namespace QuantumTrader.ProfitDll.Orders;

/// <summary>
/// Sends orders through the open session and follows them. An order is never sent twice: what is not answered is asked after, and what
/// is asked after in vain is marked as lost until it is heard of. Everything here happens on the thread of the block.
/// </summary>
[RunEvent("QT2321", "account", "Which account the orders go to.", "Check that it is the one that is meant.", Level = RunEventLevel.Information)]
[RunEvent("QT2322", "other_positions", "The account has positions that this pipeline does not see.", "Close them, or trade them in another account.")]
[RunEvent("QT2323", "open_order_found", "An order of an earlier run still works.", "Nothing: it counts for `max_position`. Cancel it if it is not wanted.")]
[RunEvent("QT2324", "order_rejected", "An order was rejected.", "Read the reason; check limits, hours and the instrument.", Level = RunEventLevel.Error)]
[RunEvent("QT2325", "order_lost", "An order was sent and the server does not know it.", "Look at the broker before trading on.", Level = RunEventLevel.Error)]
[RunEvent("QT2326", "unanswered", "What was asked of an order was never answered.", "Look at the broker before trading on.", Level = RunEventLevel.Error)]
[RunEvent("QT2327", "impossible_update", "News of an order cannot be true, and was ignored.", "Look at the broker.", Level = RunEventLevel.Error)]
[RunEvent("QT2328", "refused", "ProfitDLL refused a call.", "Read the return code.", Level = RunEventLevel.Error)]
internal sealed class OrderRouter(ExecutionProfitDllOptions options, MarketContext market, ProfitLogin login, OrderTarget target, TimeProvider clock, Action<string, string> note)
{
    /// <summary>Orders of one run; more are refused, because all of them are remembered.</summary>
    public const int MaxOrders = 100_000;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<long, RoutedOrder> _orders = [];
    private readonly Dictionary<long, RoutedOrder> _byLocalId = [];
    private readonly List<RoutedOrder> _open = [];
    private readonly long[] _net = new long[market.Symbols.Count + 1];
    private readonly Queue<Execution> _executions = [];
    private Connection? _connection;
    private OrderFunctions? _functions;
    private Account? _account;
    private string _password = "";
    private bool _wasReconciled;
    private int _downs;
    private long _glanceAt;

    /// <summary>Positions and orders are known, and orders can be sent.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Orders that are not final, those that are lost too.</summary>
    public IReadOnlyList<RoutedOrder> Open => _open;

    /// <summary>Orders of this run by what became of them.</summary>
    public int Count(OrderState state) => _orders.Values.Count(o => o.Order > 0 && o.Life.State == state);

    /// <summary>Net position, scaled by 1e-8; negative when short.</summary>
    public long Net(int symbol) => _net[symbol];

    /// <summary>What traded, in the order in which it was seen.</summary>
    public bool TryTakeExecution(out Execution execution) => _executions.TryDequeue(out execution);

    /// <summary>Takes in what is new. Returns at once.</summary>
    public void Poll()
    {
        if (_connection is null && login.Connection is { Orders: { } functions } opened)
        {
            (_connection, _functions) = (opened, functions);
        }

        if (_connection is null)
        {
            return;
        }

        while (target.TryTake(out var news))
        {
            if (_byLocalId.TryGetValue(news.Order, out var order))
            {
                order.HasNews = true;
                order.Reason = OrderStatuses.Refusal(news.Result) ?? order.Reason;
                Look(order);
            }
        }

        if (target.TakeMissing())
        {
            AskAfterAll();
        }

        if (clock.GetElapsedTime(_glanceAt) >= Glance)
        {
            _glanceAt = clock.GetTimestamp();
            Reconcile(_connection.Target);
            foreach (var order in _open.ToArray())
            {
                AskAfter(order);
            }
        }
    }

    /// <summary>Does what is asked for; null, or the reason for which it was refused.</summary>
    public string? Send(in OrderRequest request)
    {
        Poll();
        return !IsReady ? "not_ready"
            : request.Action is not OrderAction.CancelAll && (uint)(request.Symbol - 1) >= (uint)market.Symbols.Count ? "bad_order"
            : request.Action switch
            {
                OrderAction.Send => SendNew(in request),
                OrderAction.Change => Change(in request),
                OrderAction.Cancel => Find(in request) is { } order ? Cancel(order) : "unknown_order",
                OrderAction.CancelAll => CancelAll(request.Symbol),
                _ => Zero(in request),
            };
    }

    /// <summary>Asks to take back an open order.</summary>
    public string? Cancel(RoutedOrder order)
    {
        var refusal = Refusal(_functions!.Cancel(_account!.Value, _password, order.LocalId, order.ClOrderId), $"to cancel {order}");
        return refusal ?? Await(order, isCancelling: true);
    }

    private string? SendNew(in OrderRequest request)
    {
        var contracts = request.Quantity / Scaled.One;
        if (request.Quantity <= 0 || request.Quantity % Scaled.One != 0 || request.Side == Side.None || request.Price < 0 || request.StopPrice < 0 || (request.StopPrice > 0 && request.Price == 0))
        {
            return "bad_order";
        }

        if (Refusal(request.Order, request.Symbol, request.Side, request.Quantity) is { } refused)
        {
            return refused;
        }

        var order = new NewOrder(
            market.Symbols.Name(request.Symbol), login.Options.Exchange,
            request.StopPrice > 0 ? OrderFunctions.StopLimit : request.Price > 0 ? OrderFunctions.Limit : OrderFunctions.Market,
            request.Side == Side.Buy ? OrderFunctions.Buy : OrderFunctions.Sell, Price(request.Price), Price(request.StopPrice), contracts);
        return Add(_functions!.Send(_account!.Value, _password, in order), request.Order, request.Symbol, request.Side, request.Quantity, "an order");
    }

    private string? Change(in OrderRequest request)
    {
        if (Find(in request) is not { } order)
        {
            return "unknown_order";
        }

        if (request.Quantity <= order.Life.Traded || request.Quantity % Scaled.One != 0 || request.Price <= 0 || request.StopPrice < 0)
        {
            return "bad_order";
        }

        if (IsBeyondLimit(order.Symbol, order.Side, request.Quantity - order.Life.Quantity))
        {
            return "position_limit";
        }

        var code = _functions!.Change(_account!.Value, _password, order.LocalId, order.ClOrderId, Price(request.Price), Price(request.StopPrice), request.Quantity / Scaled.One);
        return Refusal(code, $"to change {order}") ?? Await(order, isCancelling: false);
    }

    private string? CancelAll(int symbol)
    {
        var code = symbol == 0
            ? _functions!.CancelAll(_account!.Value, _password)
            : _functions!.CancelAll(_account!.Value, _password, market.Symbols.Name(symbol), login.Options.Exchange);
        if (Refusal(code, "to cancel all orders") is { } refused)
        {
            return refused;
        }

        foreach (var order in _open.Where(o => symbol == 0 || o.Symbol == symbol))
        {
            Await(order, isCancelling: true);
        }

        return null;
    }

    private string? Zero(in OrderRequest request)
    {
        var net = _net[request.Symbol];
        var side = net > 0 ? Side.Sell : Side.Buy;
        return net == 0 ? "flat"
            : Refusal(request.Order, request.Symbol, side, 0) is { } refused ? refused
            : Add(
                _functions!.Zero(_account!.Value, _password, market.Symbols.Name(request.Symbol), login.Options.Exchange), request.Order, request.Symbol, side, Math.Abs(net),
                "to close the position");
    }

    private string? Refusal(long order, int symbol, Side side, long quantity) =>
        _orders.ContainsKey(order) ? "duplicate_order"
        : _open.Exists(o => o.Symbol == symbol && o.Life.State == OrderState.Error) ? "order_lost"
        : _orders.Count >= MaxOrders ? "too_many_orders"
        : IsBeyondLimit(symbol, side, quantity) ? "position_limit"
        : null;

    // What is open on the same side counts as if it had traded: orders on their way must not add up to more than the limit.
    private bool IsBeyondLimit(int symbol, Side side, long more)
    {
        var (net, sign) = (_net[symbol], (long)side);
        var reached = (net * sign) + _open.Where(o => o.Symbol == symbol && o.Side == side).Sum(o => o.Life.Remaining) + more;
        return more > 0 && reached > (long)(options.MaxPosition * Scaled.One);
    }

    private string? Add(long localId, long order, int symbol, Side side, long quantity, string what)
    {
        if (Refusal((int)Math.Min(localId, 0), what) is { } refused)
        {
            return refused;
        }

        var routed = new RoutedOrder(order, localId, symbol, side, quantity);
        Track(routed);
        return Await(routed, isCancelling: false);
    }

    private void Track(RoutedOrder order)
    {
        _orders[order.Order] = order;
        _open.Add(order);
        if (order.LocalId > 0)
        {
            _byLocalId[order.LocalId] = order;
        }
    }

    private string? Await(RoutedOrder order, bool isCancelling)
    {
        (order.AskedAt, order.Inquiries) = (clock.GetTimestamp(), 0);
        order.IsCancelling |= isCancelling;
        return null;
    }

    private string? Refusal(int code, string what)
    {
        if (code >= 0)
        {
            return null;
        }

        if (code == ReturnCodes.MarketOnly)
        {
            throw MarketOnly();
        }

        note("refused", $"ProfitDLL refused {what}: {ReturnCodes.Name(code)}.");
        return "refused";
    }

    private RoutedOrder? Find(in OrderRequest request) => _orders.TryGetValue(request.Order, out var order) && !order.Life.IsFinal ? order : null;

    private void AskAfterAll()
    {
        foreach (var order in _open.ToArray())
        {
            order.HasNews = true;
            Look(order);
        }
    }

    /// <summary>Asks once more for news that could not be read, and after what was never answered.</summary>
    private void AskAfter(RoutedOrder order)
    {
        if (order.HasNews)
        {
            Look(order);
        }

        if (order.AskedAt == 0 || order.Life.IsFinal || clock.GetElapsedTime(order.AskedAt).TotalSeconds < options.TimeoutSeconds)
        {
            return;
        }

        if (order.Inquiries++ < options.Inquiries)
        {
            order.AskedAt = clock.GetTimestamp();
            Look(order);
            return;
        }

        order.AskedAt = 0;
        if (order.Life.State == OrderState.Pending)
        {
            Take(order, OrderNews.Lost, order.Life.Traded, order.Life.Quantity);
            note("order_lost", FormattableString.Invariant(
                $"{order} was asked after {options.Inquiries} times and nobody knows it. It may be at the market: look at the broker. No other order of {market.Symbols.Name(order.Symbol)} is sent until it is heard of."));
        }
        else
        {
            note("unanswered", $"{order} is {order.Life.State} and what was asked of it last was never answered.");
        }
    }

    /// <summary>Takes in what ProfitDLL knows of an order; later, when it cannot say yet.</summary>
    private void Look(RoutedOrder order)
    {
        if (_functions!.TryGetOrder(order.LocalId, order.ClOrderId, out var snapshot))
        {
            order.HasNews = false;
            Take(order, in snapshot);
        }

        // A message that never became an order has no details.
        if (order.Reason.Length > 0 && !order.Life.IsFinal)
        {
            Take(order, OrderNews.Rejected, order.Life.Traded, order.Life.Quantity);
            note("order_rejected", $"{order} was refused on its way: {order.Reason}.");
        }
    }

    private void Take(RoutedOrder order, in OrderSnapshot snapshot)
    {
        var (news, traded) = (OrderStatuses.Read(snapshot.Status), snapshot.Traded * Scaled.One);
        var quantity = snapshot.Quantity > 0 ? snapshot.Quantity * Scaled.One : order.Life.Quantity;
        var (before, wasFinal) = (order.Life.Traded, order.Life.IsFinal);
        if (!Take(order, news, traded, quantity))
        {
            note("impossible_update", FormattableString.Invariant($"{order} is said to have traded {snapshot.Traded} of {snapshot.Quantity}, after {Scaled.ToText(before)}. Ignored: look at the broker."));
            return;
        }

        if (order.Life.Traded > before)
        {
            // The mean of all is told; what is new of it is the price of what is new.
            var paid = (decimal)snapshot.AveragePrice * snapshot.Traded;
            var units = order.Life.Traded - before;
            var price = (long)Math.Round((paid - order.Paid) / units * Scaled.One * Scaled.One, MidpointRounding.AwayFromZero);
            order.Paid = paid;
            _net[order.Symbol] += (long)order.Side * units;
            _executions.Enqueue(new Execution(order, units, price, order.Life.Remaining));
        }

        if (order.Life.State == OrderState.Rejected && !wasFinal)
        {
            note("order_rejected", $"{order} was rejected: {(snapshot.Text.Length > 0 ? snapshot.Text : "no reason given")}.");
        }

        if (order.Life.State is OrderState.Sent or OrderState.Partial && !order.IsCancelling)
        {
            order.AskedAt = 0;
        }
    }

    private bool Take(RoutedOrder order, OrderNews news, long traded, long quantity)
    {
        if (!order.Life.TryTake(news, traded, quantity, out var next))
        {
            return false;
        }

        order.Life = next;
        if (next.IsFinal)
        {
            order.AskedAt = 0;
            _open.Remove(order);
        }

        return true;
    }

    // However short the way to the broker was down, news may have been missed.
    private void Reconcile(CallbackTarget states)
    {
        var downs = states.RoutingDowns;
        IsReady = states.IsRoutingUp && ((IsReady && downs == _downs) || TryReconcile());
        _downs = downs;
    }

    /// <summary>Learns the account, its orders and its positions. False when the library does not know them yet.</summary>
    private bool TryReconcile()
    {
        var accounts = _functions!.Accounts();
        if (accounts.Count == 0)
        {
            return false;
        }

        var account = _account ??= Choose(accounts);
        var today = DateTime.UnixEpoch.AddTicks(market.Calendar.ToLocal((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100) / 100).Date;
        var code = _functions.HasOrders(account, today);
        if (code == ReturnCodes.WaitingServer)
        {
            return false;
        }

        RefuseMarketOnly(code);
        _password = login.Secret(_connection!.Library, login.Options.RoutingPasswordFrom);
        AdoptOrders(account);
        AskAfterAll();
        foreach (var instrument in market.Instruments)
        {
            ComparePosition(account, instrument.Symbol);
        }

        if (!_wasReconciled)
        {
            var (broker, owner) = _functions.Details(account) ?? ("unknown", "unknown");
            note("account", $"Orders go to the account {account} ({broker}, {owner}).");
            if (_functions.PositionTickers(account).Except(market.Instruments.Select(i => i.Symbol)).ToList() is { Count: > 0 } others)
            {
                note("other_positions", $"The account has, or had today, positions that this pipeline does not see: {string.Join(", ", others)}.");
            }
        }

        return _wasReconciled = true;
    }

    private Account Choose(IReadOnlyList<Account> accounts)
    {
        var legal = string.Join(", ", accounts);
        if (options.Account is { } wanted)
        {
            return accounts.Where(a => a.ToString() == wanted).Cast<Account?>().FirstOrDefault()
                ?? throw new ConfigurationException("account", $"The login has no account '{wanted}'. Accounts: {legal}.");
        }

        return accounts is [var only]
            ? only
            : throw new ConfigurationException("account", $"The login has {accounts.Count} accounts, and none was chosen. Write account: with one of {legal}.");
    }

    // What an earlier run, or a person, sent and what still works: it counts for the limits, and its fills are passed on.
    private void AdoptOrders(Account account)
    {
        foreach (var found in _functions!.Orders(account))
        {
            var symbol = market.Symbols.Find(found.Ticker);
            var isKnown = _byLocalId.ContainsKey(found.LocalId) || _open.Exists(o => o.ClOrderId.Length > 0 && o.ClOrderId == found.ClOrderId);
            var begun = OrderLife.Begin(Math.Max(found.Quantity, 1) * Scaled.One);
            if (symbol == 0 || isKnown || !begun.TryTake(OrderStatuses.Read(found.Status), found.Traded * Scaled.One, begun.Quantity, out var life) || life.IsFinal)
            {
                continue;
            }

            var order = new RoutedOrder(-1 - _orders.Count, found.LocalId, symbol, found.Side == OrderFunctions.Buy ? Side.Buy : Side.Sell, begun.Quantity)
            {
                ClOrderId = found.ClOrderId, Life = life, Paid = (decimal)found.AveragePrice * found.Traded,
            };
            Track(order);
            note("open_order_found", FormattableString.Invariant($"{order} works: {order.Side} {found.Quantity - found.Traded} {found.Ticker} at {found.Price}. It counts for max_position."));
        }
    }

    private void ComparePosition(Account account, string ticker)
    {
        var symbol = market.Symbols.Find(ticker);
        var code = _functions!.TryGetPosition(account, ticker, login.Options.Exchange, out var position);
        RefuseMarketOnly(code);
        ReturnCodes.Check(code, $"the position in {ticker}");
        var net = position.Net * Scaled.One;
        if (net == _net[symbol])
        {
            return;
        }

        note(_wasReconciled ? "position_differs" : "position_found", FormattableString.Invariant(
            $"The account holds {position.Net} {ticker} at {position.AveragePrice}; this run knew of {Scaled.ToText(_net[symbol])}. Limits count from the account's."));
        if (!_wasReconciled)
        {
            var side = net > 0 ? Side.Buy : Side.Sell;
            _executions.Enqueue(new Execution(new RoutedOrder(0, 0, symbol, side, Math.Abs(net)), Math.Abs(net), Scaled.FromDouble(position.AveragePrice), 0));
        }

        _net[symbol] = net;
    }

    private static void RefuseMarketOnly(int code)
    {
        if (code == ReturnCodes.MarketOnly)
        {
            throw MarketOnly();
        }
    }

    private static InvalidOperationException MarketOnly() => new(
        "ProfitDLL logged in for the market only (NL_MARKET_ONLY), so it sends no orders. Write profitdll: { routing: true } with a licence for routing, or use execution.paper.");

    private static double Price(long scaled) => scaled > 0 ? Scaled.ToDouble(scaled) : OrderFunctions.NoPrice;
}
