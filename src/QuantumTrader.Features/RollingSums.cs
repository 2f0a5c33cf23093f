using System.Numerics;

namespace QuantumTrader.Features;

/// <summary>A sum over entries that can be taken apart again without loss: integers only.</summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
/// <typeparam name="TEntry">What is summed.</typeparam>
public interface IRollingSum<TSelf, TEntry> : ISubtractionOperators<TSelf, TSelf, TSelf> where TSelf : struct, IRollingSum<TSelf, TEntry>
{
    /// <summary>Adds an entry.</summary>
    void Add(in TEntry entry);

    /// <summary>Takes an entry out again.</summary>
    void Subtract(in TEntry entry);

    /// <summary>How often the sum counts towards a window of the last so many; which windows there are is up to the sum.</summary>
    static abstract long CountOf(in TSelf sum, int counter);
}

/// <summary>
/// Sums over the newest part of a stream, for many windows at once: time windows (T − span, T] and windows of the last n. The entries are
/// kept once, each beside the sum of all before it; each window is a cursor that follows at its distance. A window's sum is the total less
/// the sum at its cursor, so an entry costs one addition however many windows there are, and since all sums are integers nothing drifts.
/// </summary>
internal sealed class RollingSums<TEntry, TSum> where TEntry : struct where TSum : struct, IRollingSum<TSum, TEntry>
{
    // Entries behind the last cursor that stay readable, so that a window can move back over them when an edit removes an entry.
    private const int Spare = 256;

    private readonly long[] _spans;
    private readonly (int Counter, int Length)[] _counts;
    private readonly int _maxEntries;
    private readonly long[] _positions;
    private long[] _times;
    private TEntry[] _entries;
    private TSum[] _before;
    private TSum _total;
    private long _end;
    private long _firstCopied;
    private long _roomUntil;

    /// <summary>Windows over nothing.</summary>
    /// <param name="spans">Lengths of the time windows in ns, going up.</param>
    /// <param name="counts">The windows of the last n: which counter of the sum, and n.</param>
    /// <param name="maxEntries">Entries held at most; when a window wants more, the oldest are forgotten.</param>
    public RollingSums(long[] spans, (int Counter, int Length)[] counts, int maxEntries)
    {
        _spans = spans;
        _counts = counts;
        _positions = new long[spans.Length + counts.Length];
        _maxEntries = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(maxEntries, 2 * Spare));
        _times = new long[2 * Spare];
        _entries = new TEntry[_times.Length];
        _before = new TSum[_times.Length];
        _roomUntil = Spare;
        _total = default;
    }

    /// <summary>The sum of everything.</summary>
    public TSum Total => _total;

    /// <summary>Entries so far.</summary>
    public long Count => _end;

    /// <summary>All entries later than this time are held; <see cref="long.MinValue"/> until the first had to be forgotten.</summary>
    public long HeldAfter { get; private set; } = long.MinValue;

    /// <summary>The entry back from the newest one, which is 0 back.</summary>
    public ref readonly TEntry Back(int back) => ref _entries[Index(_end - 1 - back)];

    /// <summary>Takes in an entry. Times must not go down.</summary>
    public void Add(long time, in TEntry entry)
    {
        if (_end >= _roomUntil)
        {
            MakeRoom();
        }

        _times[Index(_end)] = time;
        _entries[Index(_end)] = entry;
        _end++;
        _total.Add(in entry);
        _before[Index(_end)] = _total;
        Settle();
    }

    /// <summary>Moves the time windows to end at this time, included. Times must not go down.</summary>
    public void MoveTo(long time)
    {
        for (var i = 0; i < _spans.Length; i++)
        {
            var left = time - _spans[i];
            var position = _positions[i];
            while (position < _end && _times[Index(position)] <= left)
            {
                position++;
            }

            _positions[i] = position;
        }
    }

    /// <summary>The sum over the time window (T − span, T], for the T of the last <see cref="MoveTo"/>.</summary>
    /// <param name="span">Index of the span.</param>
    public TSum Within(int span) => _total - Behind(span);

    /// <summary>The sum over (T − far, T − near].</summary>
    /// <param name="near">Index of the nearer span.</param>
    /// <param name="far">Index of the farther span.</param>
    public TSum Between(int near, int far) => Behind(near) - Behind(far);

    /// <summary>The sum over a window of the last n.</summary>
    /// <param name="window">Its index.</param>
    public TSum Last(int window) => _total - Behind(_spans.Length + window);

    /// <summary>Finds the newest entry that a test accepts, at most so many back; -1 when there is none.</summary>
    public long FindLast<TArgument>(Func<TEntry, TArgument, bool> test, TArgument argument, int atMost)
    {
        for (var position = _end - 1; position >= Math.Max(Floor, _end - atMost); position--)
        {
            if (test(_entries[Index(position)], argument))
            {
                return position;
            }
        }

        return -1;
    }

    /// <summary>The entry at a position that <see cref="FindLast"/> gave.</summary>
    public TEntry this[long position] => _entries[Index(position)];

    /// <summary>Gives an entry another content, in every sum that holds it.</summary>
    public void Replace(long position, in TEntry entry)
    {
        ref var held = ref _entries[Index(position)];
        for (var later = position + 1; later <= _end; later++)
        {
            ref var before = ref _before[Index(later)];
            before.Subtract(in held);
            before.Add(in entry);
        }

        _total.Subtract(in held);
        _total.Add(in entry);
        held = entry;
        Settle();
    }

    // One place less than there are: beside the entry that comes next stands the sum of all so far.
    private long Floor => Math.Max(_firstCopied, _end - _times.Length + 1);

    private ref readonly TSum Behind(int window) => ref _before[Index(_positions[window])];

    private int Index(long position) => (int)(position & (_times.Length - 1));

    // Brings the windows of the last n to exactly n, or to all there is.
    private void Settle()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var (counter, length) = _counts[i];
            ref var position = ref _positions[_spans.Length + i];
            var target = TSum.CountOf(in _total, counter) - length;
            while (position < _end && TSum.CountOf(in _before[Index(position)], counter) < target)
            {
                position++;
            }

            while (position > Floor && TSum.CountOf(in _before[Index(position)], counter) > Math.Max(0, target))
            {
                position--;
            }
        }
    }

    private long Oldest()
    {
        var oldest = _end;
        foreach (var position in _positions)
        {
            oldest = Math.Min(oldest, position);
        }

        return oldest;
    }

    // Looks for room only when there may be none: that is why the oldest cursor is not sought at every entry.
    private void MakeRoom()
    {
        var oldest = Oldest();
        if (_end - oldest >= _times.Length - Spare)
        {
            if (_times.Length < _maxEntries)
            {
                Grow();
            }
            else
            {
                Forget(oldest);
                oldest++;
            }
        }

        _roomUntil = oldest + _times.Length - Spare;
    }

    private void Grow()
    {
        var (times, entries, before, floor) = (_times, _entries, _before, Floor);
        _times = new long[times.Length * 2];
        _entries = new TEntry[_times.Length];
        _before = new TSum[_times.Length];
        for (var position = floor; position <= _end; position++)
        {
            var from = (int)(position & (times.Length - 1));
            (_times[Index(position)], _entries[Index(position)], _before[Index(position)]) = (times[from], entries[from], before[from]);
        }

        _firstCopied = floor;
    }

    private void Forget(long oldest)
    {
        HeldAfter = _times[Index(oldest)];
        for (var i = 0; i < _positions.Length; i++)
        {
            if (_positions[i] == oldest)
            {
                _positions[i]++;
            }
        }
    }
}
