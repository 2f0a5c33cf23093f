using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QuantumTrader.ProfitDll.Callbacks;

/// <summary>A counter alone on its cache lines, so that the two sides of the ring do not slow each other down.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct LonelyCount
{
    [FieldOffset(64)] public long Value;
    [FieldOffset(72)] public long Seen;
}

/// <summary>
/// A bounded ring from the vendor's thread to the thread of the source, without locks. The writer never waits: when there is no room, the
/// new records are lost, or the oldest ones, and either way counted where they are missing.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A late callback may still set the event, so nobody may dispose it; the finaliser frees it.")]
internal sealed class CallbackRing
{
    private const int LooksBeforeSleep = 100;

    private readonly CallbackRecord[] _records;
    private readonly int _mask;
    private readonly bool _dropsOldest;
    private readonly bool _wakes;
    private readonly EventWaitHandle _news = new(false, EventResetMode.AutoReset);
    private LonelyCount _written;
    private LonelyCount _read;
    private uint _lost;
    private int _isAsleep;
    private int _quietLooks;
    private long _expected;

    /// <summary>A ring for at least so many records.</summary>
    /// <param name="capacity">Records.</param>
    /// <param name="dropsOldest">What is lost when there is no room: the oldest or the new ones.</param>
    /// <param name="wakes">False when the reader looks by itself, so that the writer never makes a system call.</param>
    public CallbackRing(int capacity, bool dropsOldest, bool wakes)
    {
        _records = new CallbackRecord[(int)BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _mask = _records.Length - 1;
        (_dropsOldest, _wakes) = (dropsOldest, wakes);
    }

    /// <summary>Records that wait.</summary>
    public int Count => (int)(Volatile.Read(ref _written.Value) - Volatile.Read(ref _read.Value));

    /// <summary>Records that fit.</summary>
    public int Capacity => _records.Length;

    /// <summary>Writer: makes room for so many records that belong together; false, with all of them counted as lost, when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReserve(int count) => _written.Value + count - _written.Seen <= _records.Length || TryMakeRoom(count);

    /// <summary>Writer: the record at a place behind what was published; all of its fields hold old values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref CallbackRecord Reserved(int index) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_records), (int)(_written.Value + index) & _mask);

    /// <summary>Writer: shows the reader the reserved records.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(int count)
    {
        Reserved(0).Lost = _lost;
        _lost = 0;
        Volatile.Write(ref _written.Value, _written.Value + count);
        if (_wakes)
        {
            // The writer writes, then looks whether the reader sleeps; the reader says that it sleeps, then looks what was written: with a
            // full fence on both sides at least one of them sees the other.
            Interlocked.MemoryBarrier();
            if (_isAsleep != 0)
            {
                Wake();
            }
        }
    }

    /// <summary>Reader: takes what waits, at most as much as fits.</summary>
    /// <param name="into">Where the records go.</param>
    /// <param name="lost">Records that were overwritten before the first of these.</param>
    public int Take(Span<CallbackRecord> into, out long lost)
    {
        while (true)
        {
            var read = Volatile.Read(ref _read.Value);
            if (_read.Seen - read < into.Length)
            {
                _read.Seen = Volatile.Read(ref _written.Value);
            }

            var count = (int)Math.Min(_read.Seen - read, into.Length);
            var start = (int)read & _mask;
            var first = Math.Min(count, _records.Length - start);
            _records.AsSpan(start, first).CopyTo(into);
            _records.AsSpan(0, count - first).CopyTo(into[first..]);

            // A writer that drops the oldest moves the same counter, before it overwrites them: then the copy is not to be trusted.
            if (Interlocked.CompareExchange(ref _read.Value, read + count, read) == read)
            {
                lost = read - _expected;
                _expected = read + count;
                return count;
            }
        }
    }

    /// <summary>
    /// Reader: sleeps until something is written or the time is over. To wake somebody costs the writer some ten times as much as all the
    /// rest of a callback, so as long as the market is awake the reader looks every millisecond instead.
    /// </summary>
    public void Sleep(int milliseconds)
    {
        if (!_wakes || _quietLooks < LooksBeforeSleep)
        {
            _news.WaitOne(Math.Min(1, milliseconds));
            _quietLooks = Count == 0 ? _quietLooks + 1 : 0;
            return;
        }

        _quietLooks = 0;
        Volatile.Write(ref _isAsleep, 1);
        Interlocked.MemoryBarrier();
        if (Count == 0)
        {
            _news.WaitOne(milliseconds);
        }

        Volatile.Write(ref _isAsleep, 0);
    }

    /// <summary>Any thread: ends a sleep.</summary>
    public void Wake() => _news.Set();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeRoom(int count)
    {
        while (count <= _records.Length)
        {
            var read = Volatile.Read(ref _read.Value);
            _written.Seen = read;
            var missing = _written.Value + count - read - _records.Length;
            if (missing <= 0)
            {
                return true;
            }

            if (!_dropsOldest)
            {
                break;
            }

            Interlocked.CompareExchange(ref _read.Value, read + missing, read);
        }

        _lost += (uint)count;
        return false;
    }
}
