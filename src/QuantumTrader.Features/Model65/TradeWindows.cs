using QuantumTrader.Market;

namespace QuantumTrader.Features.Model65;

/// <summary>
/// The last trades of one symbol and what the features need of them, kept as whole numbers: nothing drifts, and a trade costs the same
/// however many came before. By age, the newest being 0: the active window is [0, active), the ranking window [active, active + ranking),
/// the turnover window [0, turnover). A cancelled trade keeps its place, empty.
/// </summary>
internal sealed class TradeWindows
{
    private readonly int _active;
    private readonly int _ranking;
    private readonly int _turnover;
    private readonly Row[] _rows;
    private readonly int _mask;
    private readonly Participants _participants = new();
    private readonly CandleRoles _candleBuyers;
    private readonly CandleRoles _candleSellers;
    private readonly TimeWindow _minute = new(Volume.IntensityWindow);
    private long _count;
    private long _time = long.MinValue;

    public TradeWindows(int active, int ranking, int turnover)
    {
        (_active, _ranking, _turnover) = (active, ranking, turnover);
        var capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(active + ranking, turnover) + 1);
        _rows = new Row[capacity];
        _mask = capacity - 1;
        _candleBuyers = new CandleRoles(_participants);
        _candleSellers = new CandleRoles(_participants);
    }

    public Ranking Buyers { get; } = new();

    public Ranking Sellers { get; } = new();

    /// <summary>The active and the ranking window are full.</summary>
    public bool IsRankingFull => _count >= _active + _ranking;

    public bool IsTurnoverFull => _count >= _turnover;

    /// <summary>Different known participants in the turnover window.</summary>
    public int RecentParticipants { get; private set; }

    /// <summary>Trades in the turnover window that were not cancelled.</summary>
    public int RecentTrades { get; private set; }

    /// <summary>Time of the newest trade; a trade that comes late counts at the time of the one before it.</summary>
    public long Time => _time;

    /// <summary>Trades in (time - 60 s, time].</summary>
    public int CountInMinute(long time) => _minute.Count(time);

    public void Add(in MarketEvent e)
    {
        _time = Math.Max(_time, e.EventTime);
        _minute.Add(_time, e.TradeNumber);
        Leave();
        var row = new Row(e.TradeNumber, e.Quantity, _participants.Use(e.Buyer), _participants.Use(e.Seller));
        _rows[_count++ & _mask] = row;
        Recent(in row, 1);
        Active(in row, 1);
        InCandle(in row, 1);
    }

    /// <summary>Replaces the row of the trade with this number; the caller knows that it is one of the open candle.</summary>
    public void Edit(in MarketEvent e, bool isCancelled)
    {
        if (isCancelled)
        {
            _minute.Cancel(e.TradeNumber);
        }

        var oldest = Math.Max(0, _count - _rows.Length);
        for (var number = _count - 1; number >= oldest; number--)
        {
            ref var row = ref _rows[number & _mask];
            if (row.Number == e.TradeNumber && !row.IsCancelled)
            {
                var age = _count - 1 - number;
                Contribute(in row, age, -1);
                var next = isCancelled
                    ? new Row(row.Number, 0, null, null) { IsCancelled = true }
                    : new Row(row.Number, e.Quantity, _participants.Use(e.Buyer != 0 ? e.Buyer : row.Buyer?.Id ?? 0), _participants.Use(e.Seller != 0 ? e.Seller : row.Seller?.Id ?? 0));
                Contribute(in next, age, 1);
                _participants.Release(row.Buyer);
                _participants.Release(row.Seller);
                row = next;
                return;
            }
        }
    }

    /// <summary>Ends the open candle: its largest buyer and seller by quantity, 0 where none is known.</summary>
    public (int Buyer, int Seller) CloseCandle() => (_candleBuyers.Close(), _candleSellers.Close());

    // Makes room for a new newest trade: everyone is about to be one older.
    private void Leave()
    {
        if (_count >= _turnover)
        {
            Recent(in _rows[(_count - _turnover) & _mask], -1);
        }

        if (_count >= _active)
        {
            ref readonly var row = ref _rows[(_count - _active) & _mask];
            Active(in row, -1);
            Ranked(in row, 1);
        }

        if (_count >= _active + _ranking)
        {
            Ranked(in _rows[(_count - _active - _ranking) & _mask], -1);
        }

        // The row that is about to be overwritten lies beyond all windows.
        ref var oldest = ref _rows[_count & _mask];
        _participants.Release(oldest.Buyer);
        _participants.Release(oldest.Seller);
        oldest = default;
    }

    private void Contribute(in Row row, long age, int sign)
    {
        if (age < _turnover)
        {
            Recent(in row, sign);
        }

        if (age < _active)
        {
            Active(in row, sign);
        }
        else if (age < _active + _ranking)
        {
            Ranked(in row, sign);
        }

        InCandle(in row, sign);
    }

    private void Recent(in Row row, int sign)
    {
        RecentTrades += row.IsCancelled ? 0 : sign;
        Recent(row.Buyer, sign);
        Recent(row.Seller, sign);
    }

    private void Recent(Participant? participant, int sign)
    {
        if (participant is not null)
        {
            var before = participant.Recent;
            participant.Recent += sign;
            RecentParticipants += (participant.Recent > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
        }
    }

    private static void Active(in Row row, int sign)
    {
        if (row.Buyer is { } buyer)
        {
            buyer.Buying.Active += sign;
        }

        if (row.Seller is { } seller)
        {
            seller.Selling.Active += sign;
        }
    }

    private void Ranked(in Row row, int sign)
    {
        if (row.Buyer is { } buyer)
        {
            Buyers.Change(buyer.Buying, sign * row.Quantity);
        }

        if (row.Seller is { } seller)
        {
            Sellers.Change(seller.Selling, sign * row.Quantity);
        }
    }

    private void InCandle(in Row row, int sign)
    {
        if (row.Buyer is { } buyer)
        {
            _candleBuyers.Add(buyer.Buying, sign * row.Quantity);
        }

        if (row.Seller is { } seller)
        {
            _candleSellers.Add(seller.Selling, sign * row.Quantity);
        }
    }

    private readonly record struct Row(long Number, long Quantity, Participant? Buyer, Participant? Seller)
    {
        public bool IsCancelled { get; init; }
    }
}

/// <summary>The trades of the last moments. Bounded: beyond its most the oldest are forgotten early.</summary>
internal sealed class TimeWindow(long length)
{
    private const int Most = 1 << 20;

    private (long Time, long Number)[] _entries = new (long, long)[256];
    private int _head;
    private int _held;
    private int _cancelled;

    private int Mask => _entries.Length - 1;

    public void Add(long time, long number)
    {
        Expire(time);
        if (_held == _entries.Length)
        {
            Grow();
        }

        _entries[(_head + _held++) & Mask] = (time, number);
    }

    /// <summary>Trades in (time - length, time]; the time never goes back.</summary>
    public int Count(long time)
    {
        Expire(time);
        return _held - _cancelled;
    }

    public void Cancel(long number)
    {
        for (var i = _held - 1; i >= 0; i--)
        {
            ref var entry = ref _entries[(_head + i) & Mask];
            if (entry.Number == number)
            {
                entry.Number = Cancelled;
                _cancelled++;
                return;
            }
        }
    }

    private const long Cancelled = long.MinValue;

    private void Expire(long time)
    {
        while (_held > 0 && _entries[_head].Time <= time - length)
        {
            RemoveOldest();
        }
    }

    private void RemoveOldest()
    {
        _cancelled -= _entries[_head].Number == Cancelled ? 1 : 0;
        _head = (_head + 1) & Mask;
        _held--;
    }

    private void Grow()
    {
        if (_entries.Length == Most)
        {
            RemoveOldest();
            return;
        }

        var larger = new (long, long)[_entries.Length * 2];
        for (var i = 0; i < _held; i++)
        {
            larger[i] = _entries[(_head + i) & Mask];
        }

        (_entries, _head) = (larger, 0);
    }
}
