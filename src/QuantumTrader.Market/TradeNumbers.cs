namespace QuantumTrader.Market;

/// <summary>
/// The trade numbers that were seen of one symbol on a trading day and the one before, kept as intervals, because numbers mostly follow
/// each other. At most <see cref="MaxIntervals"/> a day: beyond it the lowest interval is forgotten, and repeats of it pass.
/// </summary>
internal sealed class TradeNumbers
{
    public const int MaxIntervals = 65_536;

    private Intervals _today = new();
    private Intervals _before = new();
    private int _day = int.MinValue;

    /// <summary>Intervals forgotten so far.</summary>
    public long Forgotten => _today.Forgotten + _before.Forgotten;

    /// <summary>Notes a number of a day; false when it was there already. Days before the last two are not remembered: always true.</summary>
    public bool Add(int day, long number)
    {
        if (day > _day)
        {
            (_today, _before) = (_before, _today);
            _today.Clear();
            if (day != _day + 1)
            {
                _before.Clear();
            }

            _day = day;
        }

        return day == _day ? _today.Add(number) : day != _day - 1 || _before.Add(number);
    }

    /// <summary>Disjoint intervals in rising order, never touching each other.</summary>
    private sealed class Intervals
    {
        private (long Low, long High)[] _items = new (long, long)[16];
        private int _start;
        private int _end;

        public long Forgotten { get; private set; }

        public void Clear() => _start = _end = 0;

        public bool Add(long number)
        {
            if (_end > _start)
            {
                ref var last = ref _items[_end - 1];
                if (number == last.High + 1)
                {
                    last.High = number;
                    return true;
                }

                if (number <= last.High)
                {
                    return number < last.Low && AddBetween(number);
                }
            }

            Insert(_end, number);
            return true;
        }

        private bool AddBetween(long number)
        {
            // The first interval that ends at or after the number; there is one.
            var low = _start;
            var high = _end - 1;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (_items[middle].High < number)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            if (_items[low].Low <= number)
            {
                return false;
            }

            var joinsNext = _items[low].Low == number + 1;
            var joinsLast = low > _start && _items[low - 1].High == number - 1;
            if (joinsNext && joinsLast)
            {
                _items[low - 1].High = _items[low].High;
                _items.AsSpan(low + 1, _end - low - 1).CopyTo(_items.AsSpan(low));
                _end--;
            }
            else if (joinsNext)
            {
                _items[low].Low = number;
            }
            else if (joinsLast)
            {
                _items[low - 1].High = number;
            }
            else
            {
                Insert(low, number);
            }

            return true;
        }

        private void Insert(int at, long number)
        {
            if (_end - _start == MaxIntervals)
            {
                Forgotten++;
                if (at == _start)
                {
                    return; // the number is itself the lowest
                }

                _start++;
            }

            if (_end == _items.Length)
            {
                at -= MakeRoom();
            }

            _items.AsSpan(at, _end - at).CopyTo(_items.AsSpan(at + 1));
            _items[at] = (number, number);
            _end++;
        }

        // Moves all to the front, in a larger array unless half of this one is free; returns by how much.
        private int MakeRoom()
        {
            var moved = _start;
            var count = _end - _start;
            var target = count > _items.Length / 2 ? new (long, long)[_items.Length * 2] : _items;
            _items.AsSpan(_start, count).CopyTo(target);
            _items = target;
            _start = 0;
            _end = count;
            return moved;
        }
    }
}
