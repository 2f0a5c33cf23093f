using System.Diagnostics;

namespace QuantumTrader.Dataflow;

/// <summary>What an island does at a moment.</summary>
internal enum IslandState
{
    /// <summary>Its inputs are empty.</summary>
    Idle,

    /// <summary>It has output that an edge has no room for.</summary>
    Backpressured,

    /// <summary>It runs, or waits for a worker with work to do.</summary>
    Busy,
}

/// <summary>
/// Sums the time per state. It reads the clock only when the state changes, which is when an island parks or goes on: never per event.
/// </summary>
internal sealed class StateClock
{
    private readonly Lock _gate = new();
    private readonly long[] _ticks = new long[3];
    private long _since = Stopwatch.GetTimestamp();
    private long _stoppedAt = long.MaxValue;
    private long _longestStall;
    private IslandState _state;

    public void Enter(IslandState state)
    {
        if (state == _state)
        {
            return;
        }

        lock (_gate)
        {
            var now = Stopwatch.GetTimestamp();
            var spent = now - _since;
            _ticks[(int)_state] += spent;
            if (_state == IslandState.Backpressured)
            {
                _longestStall = Math.Max(_longestStall, spent);
            }

            (_since, _state) = (now, state);
        }
    }

    /// <summary>Starts counting now.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            Array.Clear(_ticks);
            _since = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>The run has ended: time goes on, but not for the shares.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stoppedAt = Math.Min(_stoppedAt, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Shares of the time so far, which add up to 1, and the longest single stall in seconds.</summary>
    public (double Idle, double Backpressured, double Busy, double LongestStallSeconds) Shares()
    {
        lock (_gate)
        {
            var current = Math.Max(0, Math.Min(Stopwatch.GetTimestamp(), _stoppedAt) - _since);
            Span<double> ticks = [_ticks[0], _ticks[1], _ticks[2]];
            ticks[(int)_state] += current;
            var stall = Math.Max(_longestStall, _state == IslandState.Backpressured ? current : 0);
            var sum = Math.Max(1, ticks[0] + ticks[1] + ticks[2]);
            return (ticks[0] / sum, ticks[1] / sum, ticks[2] / sum, (double)stall / Stopwatch.Frequency);
        }
    }
}
