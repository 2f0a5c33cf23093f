namespace QuantumTrader.Trading;

/// <summary>Where an order is in its life. Up to <see cref="Partial"/> it is open; <see cref="Error"/> may still turn out to be anything.</summary>
public enum OrderState : byte
{
    /// <summary>Handed over; nobody has answered yet.</summary>
    Pending,

    /// <summary>At the market, nothing traded.</summary>
    Sent,

    /// <summary>At the market, a part traded.</summary>
    Partial,

    /// <summary>All of it traded.</summary>
    Filled,

    /// <summary>The rest was taken back.</summary>
    Cancelled,

    /// <summary>The rest was refused.</summary>
    Rejected,

    /// <summary>Asked after in vain: nobody knows what became of it.</summary>
    Error,
}

/// <summary>What is said of an order, besides how much of it has traded.</summary>
public enum OrderNews : byte
{
    /// <summary>Somebody has it, on its way to the market.</summary>
    Received,

    /// <summary>It is at the market.</summary>
    Working,

    /// <summary>The rest was taken back.</summary>
    Cancelled,

    /// <summary>The rest was refused.</summary>
    Rejected,

    /// <summary>It was asked after in vain.</summary>
    Lost,
}

/// <summary>
/// The state machine of an order, the same on paper and at a broker. News may come twice, late and in any order: what traded only grows,
/// and what has ended stays ended, except that an order whose last unit turns out to have traded is filled after all.
/// </summary>
/// <param name="State">Where it is.</param>
/// <param name="Quantity">Units asked for, scaled by 1e-8.</param>
/// <param name="Traded">Units traded, scaled by 1e-8.</param>
public readonly record struct OrderLife(OrderState State, long Quantity, long Traded)
{
    /// <summary>Units that have not traded, scaled by 1e-8.</summary>
    public long Remaining => Quantity - Traded;

    /// <summary>Nothing more is to come of it.</summary>
    public bool IsFinal => State is OrderState.Filled or OrderState.Cancelled or OrderState.Rejected;

    /// <summary>An order of so many units that was just handed over.</summary>
    public static OrderLife Begin(long quantity) => new(OrderState.Pending, quantity, 0);

    /// <summary>The order after some news. False, and no change, for news that cannot be: less than nothing traded, or more than was asked for.</summary>
    /// <param name="news">What is said of it.</param>
    /// <param name="traded">Units traded so far, all together.</param>
    /// <param name="quantity">Units asked for, as they are now: a change may have made them more or less.</param>
    /// <param name="next">The order afterwards.</param>
    public bool TryTake(OrderNews news, long traded, long quantity, out OrderLife next)
    {
        next = this;
        if (traded < 0 || quantity <= 0 || Math.Max(traded, Traded) > quantity)
        {
            return false;
        }

        next = new OrderLife(After(news, Math.Max(traded, Traded), quantity), quantity, Math.Max(traded, Traded));
        return true;
    }

    /// <summary>The order after so many more units have traded.</summary>
    public OrderLife Trade(long units) =>
        TryTake(OrderNews.Working, Traded + units, Quantity, out var next) ? next : throw new InvalidOperationException($"Invariant: {units} of {Remaining} units traded.");

    private OrderState After(OrderNews news, long traded, long quantity) =>
        traded == quantity ? OrderState.Filled
        : IsFinal ? State
        : news switch
        {
            OrderNews.Cancelled => OrderState.Cancelled,
            OrderNews.Rejected => OrderState.Rejected,
            OrderNews.Lost => OrderState.Error,
            _ when traded > 0 => OrderState.Partial,
            OrderNews.Received when State is OrderState.Pending or OrderState.Error => OrderState.Pending,
            _ => OrderState.Sent,
        };
}
