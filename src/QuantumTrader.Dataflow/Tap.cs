using System.Runtime.CompilerServices;

namespace QuantumTrader.Dataflow;

/// <summary>
/// Sees what a block sends while the graph runs. It is called on the block's own thread, so it only copies what it wants and returns.
/// One that throws is taken off, and the block's notes say so; the run goes on.
/// </summary>
/// <typeparam name="T">Event type that the block sends.</typeparam>
public interface IWatcher<T> where T : struct, IEvent<T>
{
    /// <summary>Some events, in the order in which the block sent them. They are valid during the call only.</summary>
    void See(ReadOnlySpan<T> events);
}

/// <summary>A watcher's place at a block's output.</summary>
public abstract class Watch : IDisposable
{
    /// <summary>Why the watcher was taken off by itself; null as long as it has not thrown.</summary>
    public string? Fault { get; private protected set; }

    /// <summary>Takes the watcher off, at any time and from any thread. A call that is under way may still come to its end.</summary>
    public abstract void Dispose();
}

/// <inheritdoc/>
internal sealed class Watch<T>(Outlet<T> outlet, IWatcher<T> watcher, Accounts accounts) : Watch where T : struct, IEvent<T>
{
    public void Show(ReadOnlySpan<T> events)
    {
        try
        {
            watcher.See(events);
        }
        catch (Exception error)
        {
            outlet.Remove(this);
            Fault = $"{error.GetType().Name}: {error.Message}";
            accounts.Note("watcher_failed", $"A watcher of this block's output threw {Fault} It was taken off; the run is not affected.");
        }
    }

    public override void Dispose() => outlet.Remove(this);
}

/// <summary>
/// The output of a block as others may read it while the graph runs: a bounded ring that the block's thread fills and a reader empties.
/// What finds the ring full is counted as unseen and never waited for.
/// </summary>
[RunEvent("QT2801", "watcher_failed", "Something that watched a block failed and was taken off.", "Nothing: the block is not affected.")]
public abstract class Tap : IDisposable
{
    private long _sent;
    private long _taken;
    private long _unseen;
    private int _limit;

    private protected Tap(int capacity) => _limit = Capacity = capacity;

    /// <summary>Events that the ring holds.</summary>
    public int Capacity { get; }

    /// <summary>
    /// Events that may wait: all that the ring holds, unless a reader who cannot keep up with the block anyway lowers it, so that the block
    /// copies fewer.
    /// </summary>
    public int Limit
    {
        get => Volatile.Read(ref _limit);
        set => Volatile.Write(ref _limit, Math.Clamp(value, 1, Capacity));
    }

    /// <summary>Type of the events.</summary>
    public abstract Type EventType { get; }

    /// <summary>Events that the block has sent since the tap was put on.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Events of them that were copied into the ring.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Events that were to be copied, but found the ring full.</summary>
    public long Unseen => Volatile.Read(ref _unseen);

    /// <summary>Why the tap was taken off by itself; null as long as it has not failed.</summary>
    public string? Fault => Place?.Fault;

    /// <summary>Where it hangs; null outside a graph.</summary>
    internal Watch? Place { get; set; }

    /// <summary>Moves the oldest events that wait out of the ring, whatever their type; for readers of a few samples.</summary>
    public abstract IReadOnlyList<object> Read(int count);

    /// <summary>Takes the tap off. What it has taken can still be read.</summary>
    public void Dispose()
    {
        Place?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Count(int sent, int taken, int unseen)
    {
        // Only the block's thread writes; the taken ones last, because a reader who sees them reads the ring.
        Volatile.Write(ref _sent, _sent + sent);
        Volatile.Write(ref _unseen, _unseen + unseen);
        Volatile.Write(ref _taken, _taken + taken);
    }
}

/// <inheritdoc/>
/// <param name="capacity">Events that may wait for the reader.</param>
/// <param name="every">Takes one of so many events, the first included; 1 for all.</param>
public sealed class Tap<T>(int capacity, int every = 1) : Tap(Positive(capacity)), IWatcher<T> where T : struct, IEvent<T>
{
    private readonly T[] _ring = new T[capacity];
    private readonly int _every = Positive(every);
    private readonly Lock _readers = new();
    private int _skip;
    private long _read;

    /// <inheritdoc/>
    public override Type EventType => typeof(T);

    /// <inheritdoc/>
    public void See(ReadOnlySpan<T> events)
    {
        var free = Limit - (int)(Taken - Volatile.Read(ref _read));
        var at = (int)(Taken % _ring.Length);
        var (taken, next) = (0, _skip);
        for (; next < events.Length && taken < free; next += _every)
        {
            _ring[at] = Kept.Of(in events[next]);
            at = at + 1 == _ring.Length ? 0 : at + 1;
            taken++;
        }

        // A full ring is not walked: what it misses is only counted.
        var unseen = next < events.Length ? ((events.Length - 1 - next) / _every) + 1 : 0;
        _skip = next + (unseen * _every) - events.Length;
        Count(events.Length, taken, unseen);
    }

    /// <summary>Moves the oldest events that wait into <paramref name="target"/>; returns how many.</summary>
    public int Read(Span<T> target)
    {
        lock (_readers)
        {
            var count = (int)Math.Min(Taken - _read, target.Length);
            for (var i = 0; i < count; i++)
            {
                ref var slot = ref _ring[(_read + i) % _ring.Length];
                target[i] = slot;
                if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
                {
                    slot = default;
                }
            }

            Volatile.Write(ref _read, _read + count);
            return count;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<object> Read(int count)
    {
        var events = new T[(int)Math.Min(count, Taken)];
        return [.. events[..Read(events.AsSpan())].Cast<object>()];
    }

    private static int Positive(int value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        return value;
    }
}
