using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>
/// Holds recorded messages back until they are due: by their event times (<c>1x</c>, <c>10x</c>) or at a steady rate (<c>5000/s</c>).
/// The first message is due at once and starts the clock. It sleeps on a timer of the clock that it was given, never spins, and may let
/// a message go up to one millisecond late, because that is the grain of timers.
/// </summary>
public sealed class ReplayClock : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly double _factor;
    private readonly double _eventsPerSecond;

    // Never disposed, because a timer that is just firing may still set it; the finaliser frees it.
    private readonly AutoResetEvent _wake = new(false);
    private readonly ITimer _timer;
    private long _startStamp;
    private long _startTime;
    private long _events;
    private bool _started;

    private ReplayClock(TimeProvider clock, double factor, double eventsPerSecond)
    {
        _clock = clock;
        _factor = factor;
        _eventsPerSecond = eventsPerSecond;
        _timer = clock.CreateTimer(state => ((AutoResetEvent)state!).Set(), _wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Reads a speed as users write it; null for <c>max</c>, which needs no clock at all.</summary>
    /// <param name="speed"><c>max</c>, a factor such as <c>1x</c> or <c>0.5x</c>, or a rate such as <c>5000/s</c>.</param>
    /// <param name="clock">What the waiting is measured on.</param>
    /// <exception cref="ConfigurationException">The text is none of these.</exception>
    public static ReplayClock? Create(string speed, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(speed);
        ArgumentNullException.ThrowIfNull(clock);
        if (speed == "max")
        {
            return null;
        }

        if (speed.EndsWith('x') && TryReadPositive(speed.AsSpan(0, speed.Length - 1), out var factor))
        {
            return new ReplayClock(clock, factor, 0);
        }

        if (speed.EndsWith("/s", StringComparison.Ordinal) && TryReadPositive(speed.AsSpan(0, speed.Length - 2), out var rate))
        {
            return new ReplayClock(clock, 0, rate);
        }

        throw new ConfigurationException(
            "speed", $"'{speed}' is not a speed. Legal are 'max', a factor of recorded time such as '1x' or '10x', and events per second such as '5000/s'.");
    }

    private static bool TryReadPositive(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value > 0 && double.IsFinite(value);

    /// <summary>How long the message must still wait; zero or less when it is due.</summary>
    /// <param name="eventTime">Event time of its first event, ns UTC.</param>
    public TimeSpan Remaining(long eventTime)
    {
        if (!_started)
        {
            _started = true;
            _startTime = eventTime;
            _startStamp = _clock.GetTimestamp();
        }

        var seconds = _factor > 0 ? (eventTime - _startTime) / 1e9 / _factor : _events / _eventsPerSecond;
        return TimeSpan.FromSeconds(Math.Min(seconds, 1e9)) - _clock.GetElapsedTime(_startStamp);
    }

    /// <summary>Tells the clock that a message went out, which a steady rate counts.</summary>
    public void Sent(int events) => _events += events;

    /// <summary>Sleeps that long, or until stop is asked for; may return early, so ask <see cref="Remaining"/> again.</summary>
    public void Sleep(TimeSpan remaining, CancellationToken stop)
    {
        // Rounded up: timers cut to whole milliseconds, and one that fires too early makes the caller's loop spin.
        var milliseconds = Math.Min(Math.Ceiling(remaining.TotalMilliseconds), 86_400_000);
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
        WaitHandle.WaitAny([_wake, stop.WaitHandle]);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
