using System.Runtime.CompilerServices;

namespace QuantumTrader.Dataflow;

/// <summary>Where a block stands in the run that it is processing; lets the graph name the event that made the block throw.</summary>
public sealed class RunCursor(Accounts accounts)
{
    internal int Position = -1;
    internal int Removed;
    internal int RemovedAt = -1;
    internal long Dropped;
    internal readonly Accounts Accounts = accounts;
}

/// <summary>A read-only run of events handed to a block in one call. Iterate it once with <c>foreach (ref readonly var e in run)</c>.</summary>
public readonly ref struct Run<T> where T : struct, IEvent<T>
{
    private readonly ReadOnlySpan<T> _events;
    private readonly RunCursor _cursor;

    internal Run(ReadOnlySpan<T> events, RunCursor cursor)
    {
        _events = events;
        _cursor = cursor;
        cursor.Position = -1;
    }

    /// <summary>A run outside a graph, for tests and tools.</summary>
    public static Run<T> Of(ReadOnlySpan<T> events, Accounts? accounts = null) => new(events, new RunCursor(accounts ?? new Accounts("")));

    /// <summary>Events in the run.</summary>
    public int Length => _events.Length;

    /// <summary>The current event and those behind it, for a block that looks ahead.</summary>
    public ReadOnlySpan<T> Rest => _events[Math.Max(_cursor.Position, 0)..];

    /// <summary>Counts the current event as dropped in good order.</summary>
    public void Drop(string reason)
    {
        _cursor.Dropped++;
        _cursor.Accounts.Drop(reason);
    }

    /// <summary>Refuses the current event because it is bad: counted under the reason, a sample is kept as dead letter.</summary>
    public void Reject(string reason)
    {
        _cursor.Dropped++;
        ref readonly var e = ref _events[_cursor.Position];
        _cursor.Accounts.Reject(reason, e.Sequence, e.ToString() ?? "");
    }

    /// <summary>The events one by one.</summary>
    public Enumerator GetEnumerator() => new(_events, _cursor);

    /// <summary>Walks a run and leaves its position where the graph can read it.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<T> _events;
        private readonly RunCursor _cursor;
        private int _index;

        internal Enumerator(ReadOnlySpan<T> events, RunCursor cursor)
        {
            _events = events;
            _cursor = cursor;
            _index = -1;
        }

        /// <summary>The current event.</summary>
        public readonly ref readonly T Current
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref _events[_index];
        }

        /// <summary>Goes to the next event.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext()
        {
            // Only stored, never read back: a load here would put its latency on every turn of the caller's loop.
            var next = _index + 1;
            _index = next;
            _cursor.Position = next;
            return (uint)next < (uint)_events.Length;
        }
    }
}

/// <summary>A run that a <see cref="Filter{T}"/> may change in place. Iterate it once with <c>foreach (ref var e in run)</c>.</summary>
public readonly ref struct EditableRun<T> where T : struct, IEvent<T>
{
    private readonly Span<T> _events;
    private readonly RunCursor _cursor;
    private readonly int _resumeAfter;

    internal EditableRun(Span<T> events, RunCursor cursor)
    {
        _events = events;
        _cursor = cursor;
        _resumeAfter = -1;
        cursor.Position = -1;
        cursor.Removed = 0;
        cursor.RemovedAt = -1;
    }

    private EditableRun(Span<T> events, RunCursor cursor, int resumeAfter)
    {
        _events = events;
        _cursor = cursor;
        _resumeAfter = resumeAfter;
    }

    /// <summary>A run outside a graph, for tests and tools.</summary>
    public static EditableRun<T> Of(Span<T> events, Accounts? accounts = null) => new(events, new RunCursor(accounts ?? new Accounts("")));

    /// <summary>Events that are left, at the front of the span; valid once the run was iterated to its end.</summary>
    public int Kept => _events.Length - _cursor.Removed;

    /// <summary>Takes the current event out of the run and counts it as dropped in good order.</summary>
    public void Drop(string reason)
    {
        _cursor.Dropped++;
        _cursor.Accounts.Drop(reason);
        RemoveCurrent();
    }

    /// <summary>Takes the current event out of the run because it is bad: counted, a sample is kept as dead letter.</summary>
    public void Reject(string reason)
    {
        ref var e = ref _events[_cursor.Position];
        _cursor.Dropped++;
        _cursor.Accounts.Reject(reason, e.Sequence, e.ToString() ?? "");
        RemoveCurrent();
    }

    internal void RemoveCurrent()
    {
        _cursor.Removed++;
        _cursor.RemovedAt = _cursor.Position;
    }

    /// <summary>The same run, to go on behind the event at which the block threw.</summary>
    internal EditableRun<T> Resume() => new(_events, _cursor, _cursor.Position);

    /// <summary>The events one by one.</summary>
    public Enumerator GetEnumerator() => new(_events, _cursor, _resumeAfter);

    /// <summary>Walks a run, moving each kept event down over the removed ones before it.</summary>
    public ref struct Enumerator
    {
        private readonly Span<T> _events;
        private readonly RunCursor _cursor;
        private int _index;

        internal Enumerator(Span<T> events, RunCursor cursor, int start)
        {
            _events = events;
            _cursor = cursor;
            _index = start;
        }

        /// <summary>The current event.</summary>
        public readonly ref T Current
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => ref _events[_index];
        }

        /// <summary>Goes to the next event.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool MoveNext()
        {
            var index = _index;
            if (_cursor.Removed != 0)
            {
                Settle(index);
            }

            _index = ++index;
            _cursor.Position = index;
            return (uint)index < (uint)_events.Length;
        }

        // Cold: only runs in which something was removed pay for moving the rest down.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private readonly void Settle(int index)
        {
            if (index != _cursor.RemovedAt)
            {
                // Swapped, not copied: what an event keeps beside the batch must stay the property of one place in it.
                var to = index - _cursor.Removed;
                (_events[to], _events[index]) = (_events[index], _events[to]);
            }
        }
    }
}
