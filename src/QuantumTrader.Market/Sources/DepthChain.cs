namespace QuantumTrader.Market.Sources;

/// <summary>How an update of a book fits behind those before it.</summary>
internal enum ChainLink
{
    /// <summary>Nothing is missing before it.</summary>
    Follows,

    /// <summary>Something is missing before it, or it is the first: a full book is needed.</summary>
    Breaks,

    /// <summary>It came before.</summary>
    Repeats,
}

/// <summary>
/// Follows the update ids of one book, to know when a full book must be asked for and whether the one that came joins the updates: by the
/// rules that Binance documents under "How to manage a local order book correctly". The block <c>book</c> applies the same rules to the
/// levels, so that updates are sent on at once and wait there.
/// </summary>
internal sealed class DepthChain
{
    // Ids further back than this are no repeats: the count began anew, or the last id was a broken number.
    private const long LongestRepeat = 1L << 32;

    private bool _isChained;
    private long _first;
    private long _beforeFirst;
    private long _last;

    /// <summary>True when updates came since the chain broke and no full book that joins them.</summary>
    public bool NeedsSnapshot { get; private set; }

    /// <summary>Takes the next update.</summary>
    /// <param name="first">Its first id, U.</param>
    /// <param name="last">Its last id, u.</param>
    /// <param name="previous">The last id of the update before it, pu; -1 where the market does not say it.</param>
    public ChainLink Add(long first, long last, long previous)
    {
        _isChained = previous >= 0;
        if (_last > 0 && (_isChained ? previous == _last : first == _last + 1))
        {
            _last = last;
            return ChainLink.Follows;
        }

        if (_last > 0 && last <= _last && _last - last < LongestRepeat)
        {
            return ChainLink.Repeats;
        }

        (_first, _beforeFirst, _last) = (first, previous, last);
        NeedsSnapshot = true;
        return ChainLink.Breaks;
    }

    /// <summary>True when a full book with this id joins the updates since the chain broke; else it is too old.</summary>
    public bool TryJoin(long lastUpdateId)
    {
        var joins = _isChained ? lastUpdateId >= _first || lastUpdateId == _beforeFirst : lastUpdateId >= _first - 1;
        NeedsSnapshot &= !joins;
        return joins;
    }
}
